/** `npm run bench -- api`: what the API costs beside bare hono with the same SELECT, and what 200 watchers cost. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { openDirectControl } from '../../control/direct-control.js';
import { down, status, up } from '../../deploy/stack/index.js';
import { SCOPES } from '../../domain/actor.js';
import type { Control } from '../../domain/control.js';
import { loadConfig, type Config } from '../../platform/config.js';
import { readStackFile } from '../../platform/stack-file.js';
import { markdown, median, ms, quantile } from '../statistics.js';
import { loaded, type Target } from './load.js';

const CONNECTIONS = 32;
const REQUESTS = 4_000;
/** Each side by turns: a noisy machine is noisy for both. */
const ROUNDS = 5;
const WATCHERS = 200;
const TICK_MS = 10;

export async function benchApi(): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'sandbox-bench-'));
  const config = loadConfig({ SANDBOX_HOME: home, LOG_LEVEL: 'error', SANDBOX_OWNER: 'bench' });
  try {
    const { urls, apiUrl = '' } = await up(config);
    await using control = openDirectControl(config);
    const { id } = await control.create({});
    const { token } = await control.createToken({ scopes: SCOPES, owner: 'bench' });
    const headers = { authorization: `Bearer ${token}` };
    await benchReads(config, urls.api.database, { url: `${apiUrl}/v1/sandboxes/${id}`, headers });
    await benchWatchers(config, control, { id, apiUrl, headers });
  } finally {
    await down(config, { purge: true });
    await rm(home, { recursive: true, force: true });
  }
}

async function benchReads(config: Config, database: string, ours: Target): Promise<void> {
  const bare = fork(fileURLToPath(new URL('./bare.js', import.meta.url)), {
    env: { ...process.env, BARE_DATABASE_URL: database },
  });
  try {
    const [{ port }] = (await once(bare, 'message')) as [{ port: number }];
    const { pathname } = new URL(ours.url);
    const sides = [
      { name: 'bare hono', pid: bare.pid ?? 0, url: `http://127.0.0.1:${port}${pathname}` },
      { name: 'the API', pid: await apiPid(config), url: ours.url },
    ].map((side) => ({ ...side, loads: [] as Measured[] }));
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const { pid, url, loads } of sides) {
        const load = await measured(pid, { url, headers: ours.headers });
        // The first round warms both up.
        if (round > 0) loads.push(load);
      }
    }
    print(sides);
  } finally {
    bare.kill();
  }
}

interface Measured {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpuMicros: number;
}

async function measured(pid: number, target: Target): Promise<Measured> {
  const before = await cpuMillis(pid);
  const { perSecond, millis } = await loaded(target, {
    connections: CONNECTIONS,
    requests: REQUESTS,
  });
  const cpuMicros = ((await cpuMillis(pid)) - before) * (1_000 / REQUESTS);
  return { perSecond, p50: median(millis), p99: quantile(millis, 0.99), cpuMicros };
}

function print(sides: readonly { name: string; loads: readonly Measured[] }[]): void {
  const rows = sides.map(({ name, loads }) => {
    const of = (what: keyof Measured): number => median(loads.map((load) => load[what]));
    const figures = { perSecond: of('perSecond'), cpuMicros: of('cpuMicros') };
    return { name, figures, p50: of('p50'), p99: of('p99') };
  });
  console.log(
    `GET /v1/sandboxes/{ref}: ${CONNECTIONS} connections, ${REQUESTS} requests, median of ${ROUNDS} rounds by turns; ${cpus().length} cores, client on the same`,
  );
  console.log(
    markdown(
      ['', 'requests/s', 'p50 ms', 'p99 ms', 'server CPU µs a request'],
      rows.map(({ name, figures: { perSecond, cpuMicros }, p50, p99 }) => [
        ...[name, ms(perSecond), ms(p50), ms(p99), ms(cpuMicros)],
      ]),
    ),
  );
  const [bare, ours] = rows;
  if (bare === undefined || ours === undefined) return;
  const time = bare.figures.perSecond / ours.figures.perSecond;
  const cpu = ours.figures.cpuMicros / bare.figures.cpuMicros;
  console.log(`the API costs ${time.toFixed(2)} × the time and ${cpu.toFixed(2)} × the CPU`);
}

/** The cost of watching does not grow with the watchers' reads: one reader serves them all. */
async function benchWatchers(
  config: Config,
  control: Control,
  { id, apiUrl, headers }: { id: string; apiUrl: string; headers: Record<string, string> },
): Promise<void> {
  const pid = await apiPid(config);
  const rows: string[][] = [];
  for (const watchers of [1, WATCHERS]) {
    const stop = new AbortController();
    let received = 0;
    // One token opens 64 streams at most.
    const tokens = await Promise.all(
      Array.from({ length: Math.ceil(watchers / 50) }, () =>
        control.createToken({ scopes: SCOPES, owner: 'bench' }),
      ),
    );
    for (let i = 0; i < watchers; i += 1) {
      const authorization = `Bearer ${tokens[Math.floor(i / 50)]?.token ?? ''}`;
      const response = await fetch(`${apiUrl}/v1/sandboxes/${id}/events`, {
        headers: { ...headers, authorization },
        signal: stop.signal,
      });
      void count(response, (events) => (received += events));
    }
    await delay(1_000);
    const before = await cpuMillis(pid);
    const began = performance.now();
    for (let i = 0; i < 100; i += 1) {
      await control.emit(id, [{ type: 'MESSAGE_CREATE', payload: JSON.stringify({ i }) }]);
      await delay(20);
    }
    await delay(1_000);
    const spent = (await cpuMillis(pid)) - before;
    const seconds = (performance.now() - began) / 1_000;
    rows.push([String(watchers), String(received), `${ms((spent / seconds / 1_000) * 100)} %`]);
    stop.abort();
    await delay(500);
  }
  console.log('100 events, some 40 a second');
  console.log(markdown(['watchers', 'events received', 'API, of a core'], rows));
}

async function count(response: Response, add: (events: number) => void): Promise<void> {
  try {
    const chunks = response.body as unknown as AsyncIterable<Uint8Array>;
    for await (const chunk of chunks)
      add(Buffer.from(chunk).toString('latin1').split('\nid: ').length - 1 + begins(chunk));
  } catch {
    // Aborted at the end of its turn.
  }
}

const begins = (chunk: Uint8Array): number =>
  Buffer.from(chunk.subarray(0, 4)).toString('latin1') === 'id: ' ? 1 : 0;

async function apiPid(config: Config): Promise<number> {
  const api = (await status(config)).find(({ name }) => name === 'api');
  if (api?.pid == null || readStackFile(config.home) === null) throw new Error('no API runs');
  return api.pid;
}

/** Linux: user and system time of a process. */
async function cpuMillis(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
