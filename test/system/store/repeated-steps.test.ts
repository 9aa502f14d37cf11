/**
 * The result of an activity that runs again, or fails. Temporal repeats an activity if it has no
 * result.
 */
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import pino from 'pino';
import { Registry } from 'prom-client';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { failuresTyped, toFailure } from '../../../activities/failures.js';
import { lifecycleMetrics } from '../../../activities/metrics.js';
import {
  sandboxActivities,
  type SandboxActivities,
} from '../../../activities/sandbox-activities.js';
import { SandboxError } from '../../../domain/errors.js';
import {
  parseOwner,
  parseSandboxId,
  parseSandboxName,
  type SandboxId,
} from '../../../domain/names.js';
import { setServicePasswords } from '../../../migrate/postgres.js';
import { closePostgres, openPostgres } from '../../../platform/postgres.js';
import { guildTaken } from '../../../store/claim.js';
import { openDatabase } from '../../../store/database.js';
import { installationId } from '../../../store/sandboxes.js';
import { openWorkerParts } from '../../support/resources.js';
import { openClient, someName, someOwner, stackConfig, stackState } from '../../support/stack.js';
import { actorKey, commandOf, signed } from '../../support/commands.js';
import { runHome } from '../../support/run-home.js';

const HOUR = 3_600_000;

const createOf = (sandboxId: SandboxId) =>
  commandOf('create', sandboxId, {
    ...{ name: parseSandboxName(someName()), owner: parseOwner(someOwner()) },
    ...{ ttlMs: null, guildIds: [] },
  });

type Run = <T>(step: (activities: SandboxActivities) => Promise<T>) => Promise<T>;

/** As the SDK runs them, one attempt after the other. */
async function openActivities(): Promise<Run> {
  const { database, resources, routes } = await openWorkerParts();
  const activities = sandboxActivities({
    ...{ database, resources: resources(), routes: routes(), policy: stackConfig().policy },
    guildPolicy: 'any',
    ...{ metrics: lifecycleMetrics(new Registry()), log: pino({ level: 'silent' }) },
    actorKey: actorKey(),
  });
  return (step) =>
    new MockActivityEnvironment({ startToCloseTimeoutMs: 10_000 }).run(() => step(activities));
}

describe('a repeated attempt', () => {
  it('to extend adds nothing, and returns the first result', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id, expiresAt } = await client.create({ ttl: '1h' });
    const [sandboxId, before] = [parseSandboxId(id), Date.parse(expiresAt)];
    const run = await openActivities();
    const command = signed(commandOf('extend', sandboxId, { byMs: HOUR, clamp: false }));
    const extend = () => run((one) => one.extend(command));
    const first = await extend();
    expect(first).toEqual({ expiresAt: before + HOUR, clamped: false });
    expect(await extend()).toEqual(first);
    expect(Date.parse((await client.get(id)).expiresAt)).toBe(before + HOUR);
    await client.destroy(id);
  });

  it('to destroy a sandbox that was never claimed finds nothing to do, and blocks a late claim', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const sandboxId = parseSandboxId(`sb${someName().slice(5, 15)}`);
    const run = await openActivities();
    const create = signed(createOf(sandboxId));
    const give = () => run((one) => one.markDestroying(create, { reason: 'destroyed' }));
    expect([await give(), await give()]).toEqual([null, null]);
    await expect(client.create({ sandboxId, ttl: '1h' })).rejects.toMatchObject({
      code: 'SANDBOX_007',
    });
  });

  it('to run a sandbox in its clean-up is final: it is not retried', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id } = await client.create({ ttl: '1h' });
    await client.destroy(id);
    await client.waitUntilDestroyed(parseSandboxId(id));
    const run = await openActivities();
    const create = signed(createOf(parseSandboxId(id)));
    await expect(run((one) => one.markRunning(create, 1))).rejects.toMatchObject({
      ...{ type: 'SANDBOX_007', nonRetryable: true },
    });
  });
});

describe('a failure', () => {
  it.each([
    [
      new SandboxError('SANDBOX_003', 'taken', { hint: 'h', details: { guildId: '1' } }),
      'SANDBOX_003',
      true,
    ],
    [new SandboxError('SANDBOX_009', 'away'), 'SANDBOX_009', false],
    [new SandboxError('SANDBOX_006', 'waits'), 'SANDBOX_006', false],
    [new TypeError('bug'), 'SANDBOX_011', false],
    ['a text', 'SANDBOX_011', false],
  ])('%s reaches the workflow as %s, final: %s', (error, type, nonRetryable) => {
    expect(toFailure(error)).toMatchObject({ type, nonRetryable });
  });

  it('of Temporal itself stays as it is', async () => {
    const own = ApplicationFailure.create({ type: 'Own' });
    expect(toFailure(own)).toBe(own);
    const { fails } = failuresTyped({ fails: () => Promise.reject(own) });
    await expect(fails()).rejects.toBe(own);
  });

  it('of a guild that is taken names the holder if it is known', () => {
    const guild = '12345678901234567' as never;
    expect(guildTaken(guild, 'sb0123456789' as never).message).toContain('to sandbox sb0123456789');
    expect(guildTaken(guild, undefined).message).toContain('to another sandbox');
  });
});

it('a database that was never migrated is reported with the remedy', async () => {
  const admin = openPostgres(stackState().urls.admin.database, { name: 'test', max: 1 });
  const name = `fresh_${someName().slice(5, 15)}`;
  await admin.unsafe(`CREATE DATABASE ${name}`);
  const url = new URL(stackState().urls.admin.database);
  url.pathname = `/${name}`;
  const database = openDatabase(url.href, { name: 'test', max: 1 });
  onTestFinished(async () => {
    await database.close();
    await admin.unsafe(`DROP DATABASE ${name} WITH (FORCE)`);
    await closePostgres(admin);
  });
  await database.sql`CREATE TABLE public.sandbox_installation (id text)`;
  await expect(installationId(database)).rejects.toMatchObject({
    ...{ code: 'SANDBOX_009', hint: 'Run `bd migrate`.' },
  });
});

it('a password that could end its statement never reaches Postgres', async () => {
  const url = stackState().urls.admin.database;
  const good = 'x'.repeat(16);
  const passwords = { bd_client: `${good}'; --`, bd_api: good, bd_worker: good, bd_router: good };
  await expect(setServicePasswords(url, passwords)).rejects.toMatchObject({ code: 'SANDBOX_008' });
});

it('the services’ passwords are not in a log of all DDL', async () => {
  const { urls } = stackState();
  const passwords = Object.fromEntries(
    (['client', 'api', 'worker', 'router'] as const).map((role) => [
      `bd_${role}`,
      new URL(urls[role].database).password,
    ]),
  ) as Parameters<typeof setServicePasswords>[1];
  const admin = openPostgres(urls.admin.database, { name: 'test', max: 1 });
  onTestFinished(async () => {
    await admin`ALTER ROLE postgres RESET log_statement`;
    await closePostgres(admin);
  });
  await admin`ALTER ROLE postgres SET log_statement = 'ddl'`;
  await setServicePasswords(urls.admin.database, passwords);
  const log = readFileSync(join(runHome(), 'log', 'postgres.log'), 'utf8');
  expect(log).toContain('ALTER ROLE bd_worker LOGIN PASSWORD');
  for (const password of Object.values(passwords)) {
    expect(password.length).toBeGreaterThan(15);
    expect(log).not.toContain(password);
  }
  // They are unchanged.
  for (const role of ['client', 'api', 'worker', 'router'] as const) {
    const sql = openPostgres(urls[role].database, { name: 'test', max: 1 });
    expect(await sql`SELECT 1 AS one`).toEqual([{ one: 1 }]);
    await closePostgres(sql);
  }
});
