/**
 * One cell of the fault table: a sandbox whose worker (or server) dies at one moment of one step,
 * and its end state.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { customAlphabet } from 'nanoid';
import type { Control } from '../../../domain/control.js';
import { openDirectControl } from '../../../control/direct-control.js';
import { SandboxError } from '../../../domain/errors.js';
import { ID_ALPHABET, newSandboxId, type SandboxId } from '../../../domain/names.js';
import { loadConfig } from '../../../platform/config.js';
import { delay, withDeadline } from '../../../platform/deadline.js';
import { projectRoot } from '../../../platform/project-root.js';
import { closePostgres, openPostgres } from '../../../platform/postgres.js';
import { readStackFile } from '../../../platform/stack-file.js';
import { openTemporal } from '../../../platform/temporal.js';
import { leftoversOf } from '../../support/leftovers.js';
import { historiesOf, replayFailures } from '../../support/replay.js';
import type { Fault } from './steps.js';
import { FAULTS_TEMPLATE, wrongTables } from './template.js';

const random = (length: number): string => customAlphabet(ID_ALPHABET, length)();
const guild = (): string => `2${customAlphabet('0123456789', 17)()}`;

export interface CellOptions {
  readonly home: string;
  readonly fault: Fault;
  /** Kills a server (kill -9) and returns when it is gone; for the moment `server`. */
  readonly killServer?: () => Promise<void>;
  /** The negative control: this step, run twice, fails. */
  readonly onceOnly?: string;
}

export interface CellResult {
  readonly fault: Fault;
  /** What is wrong; empty if the end is right. */
  readonly wrong: readonly string[];
  readonly millis: number;
}

/** How long a worker that continues late is watched. */
const LATE_MS = 1_500;

/** The time limit of a whole life. Nothing here should take a fifth of it. */
const DEADLINE_MS = 60_000;

export async function runCell(options: CellOptions): Promise<CellResult> {
  const startedAt = performance.now();
  const wrong = await withDeadline(runLife(options), DEADLINE_MS, 'the cell').catch(
    (error: unknown) => [error instanceof Error ? error.message : String(error)],
  );
  return { fault: options.fault, wrong, millis: performance.now() - startedAt };
}

async function runLife({ home, fault, killServer, onceOnly = '' }: CellOptions): Promise<string[]> {
  const cell = random(6);
  const env = {
    SANDBOX_HOME: home,
    SANDBOX_TASK_QUEUE: `fault-${cell}`,
    SANDBOX_OWNER: `fault-${cell}`,
    SANDBOX_MIN_TTL: '1s',
    LOG_LEVEL: 'error',
  };
  const marker = join(tmpdir(), `sandbox-once-${cell}`);
  const workers: ChildProcess[] = [];
  const startWorker = (planted: Fault | null): ChildProcess => {
    const worker = spawnWorker({
      ...env,
      FAULT: JSON.stringify(planted),
      ONCE_ONLY: onceOnly,
      ONCE_MARKER: marker,
    });
    workers.push(worker);
    return worker;
  };
  const client = openDirectControl(loadConfig(env));
  const sandboxId = newSandboxId(random);
  try {
    const faulty = startWorker(fault);
    if (fault.moment === 'server') {
      faulty.on('message', (message: { at?: string }) => {
        if (message.at !== undefined) void killServer?.().finally(() => faulty.send({ go: true }));
      });
    } else if (fault.moment === 'stopped') {
      faulty.on('message', () => startWorker(null));
    } else {
      faulty.once('exit', (_code, signal) => {
        if (signal === 'SIGKILL') startWorker(null);
      });
    }
    const wrong = await live(client, home, fault, sandboxId);
    if (fault.moment !== 'stopped') return wrong;
    faulty.kill('SIGCONT');
    await delay(LATE_MS);
    // The stopped worker continues here: it must make nothing.
    const state = readStackFile(home);
    return [...wrong, ...(state === null ? [] : await leftoversOf(state.urls.admin, sandboxId))];
  } finally {
    for (const worker of workers) {
      worker.removeAllListeners('exit');
      worker.kill('SIGKILL');
    }
    await client.close();
    await rm(marker, { force: true });
  }
}

/** Create, look, end, look again. */
async function live(
  client: Control,
  home: string,
  fault: Fault,
  sandboxId: SandboxId,
): Promise<string[]> {
  const wrong: string[] = [];
  const expires = fault.step === 'markExpired';
  const options = {
    sandboxId,
    name: `fault-${sandboxId}`,
    ttl: expires ? '4s' : '1h',
    guildIds: [guild()],
    template: FAULTS_TEMPLATE,
  };
  let sandbox;
  try {
    sandbox = await retried(() => client.create(options));
  } catch (error) {
    // If a server is away longer than a create waits, the create fails with a code and leaves
    // nothing.
    if (fault.moment !== 'server' || !isUnreachable(error)) throw error;
    return afterEnd(client, home, sandboxId, []);
  }
  if (sandbox.status !== 'running') wrong.push(`status ${sandbox.status} after create`);
  const urls = readStackFile(home)?.urls.admin;
  if (!expires && urls !== undefined) wrong.push(...(await wrongTables(urls.database, sandboxId)));
  const health = await retried(() => client.status(sandboxId));
  if (health.health !== 'healthy')
    wrong.push(`${health.health}: ${health.checks.map((c) => `${c.name} ${c.state}`).join(', ')}`);
  if (!expires) await retried(() => client.destroy(sandboxId));
  return [...wrong, ...(await afterEnd(client, home, sandboxId, AUDIT))];
}

const AUDIT = [
  'sandbox_created',
  'guild_registered',
  'guild_unregistered',
  'sandbox_destroying',
  'sandbox_destroyed',
  ...['creating', 'running', 'destroying', 'destroyed'].map((status) => `status_changed ${status}`),
];

async function afterEnd(
  client: Control,
  home: string,
  sandboxId: SandboxId,
  audit: readonly string[],
): Promise<string[]> {
  const wrong: string[] = [];
  const ended = await retried(() => client.waitUntilDestroyed(sandboxId));
  if (ended.status !== 'destroyed') wrong.push(`status ${ended.status} at the end`);
  const state = readStackFile(home);
  if (state === null) throw new Error('the stack has gone');
  wrong.push(...(await leftoversOf(state.urls.admin, sandboxId)));
  wrong.push(...(await wrongAudit(state.urls.admin.database, sandboxId, audit)));
  wrong.push(...(await wrongHistory(state.temporal.address, sandboxId)));
  return wrong;
}

/** A worker that forgot the workflow (a restart, a full cache) could not continue. */
async function wrongHistory(address: string, sandboxId: SandboxId): Promise<string[]> {
  const temporal = await openTemporal(address, 'default');
  try {
    const failures = await replayFailures(historiesOf(temporal, [sandboxId]));
    return Object.values(failures).map((message) => `does not replay: ${message}`);
  } finally {
    await temporal.close();
  }
}

const isUnreachable = (error: unknown): boolean =>
  error instanceof SandboxError && error.code === 'SANDBOX_009';

/** A caller whose server was just killed calls again. The id makes it the same call. */
async function retried<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (!isUnreachable(error) || attempt === 24) throw error;
      await delay(500);
    }
  }
}

async function wrongAudit(
  url: string,
  sandboxId: string,
  expected: readonly string[],
): Promise<string[]> {
  const sql = openPostgres(url, { name: 'faults', max: 1 });
  try {
    const rows = await sql<{ event: string; times: number }[]>`
      SELECT event_type || coalesce(' ' || (details->>'to'), '') AS event, count(*)::int AS times
      FROM sandbox_audit_log WHERE sandbox_id = ${sandboxId} GROUP BY 1`;
    const seen = new Map(rows.map(({ event, times }) => [event, times]));
    return expected
      .filter((event) => seen.get(event) !== 1)
      .map((event) => `audit: ${event} × ${seen.get(event) ?? 0}`);
  } finally {
    await closePostgres(sql);
  }
}

function spawnWorker(env: Record<string, string>): ChildProcess {
  return spawn(
    process.execPath,
    [join(projectRoot(), 'dist/test/system/faults/faulty-worker.js')],
    {
      // With NODE_OPTIONS the worker writes its coverage while it lives (build/counts-early.cjs).
      env: {
        ...{
          PATH: process.env.PATH,
          HOME: process.env.HOME,
          NODE_OPTIONS: process.env.NODE_OPTIONS,
        },
        ...env,
      },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    },
  );
}
