/** Foreign settings of Postgres and senseless expiries end no sandbox. */
import { afterEach, describe, expect, it } from 'vitest';
import { parseSandboxId } from '../../../domain/names.js';
import { delay } from '../../../platform/deadline.js';
import { bd } from '../../support/bd.js';
import { closePostgres, openPostgres, type Sql } from '../../../platform/postgres.js';
import { openAdmin, openClient, someOwner, stackState, until } from '../../support/stack.js';
import { openRunTemporal, workflowOf } from '../../support/temporal.js';
import { historiesOf, replayFailures } from '../../support/replay.js';

const HOUR = 3_600_000;
const ROLES = ['bd_worker', 'bd_client', 'bd_router'] as const;

type Settings = Readonly<Record<string, string>>;
const DATABASE = 'sandboxes';

/**
 * Settings of the services' roles in this database. They replace those of the migration, so only
 * the connections' own settings still protect us.
 */
const inDatabase = (settings: Settings): string[] =>
  ROLES.flatMap((role) =>
    Object.entries(settings).map(
      ([name, value]) => `ALTER ROLE ${role} IN DATABASE ${DATABASE} SET ${name} = '${value}'`,
    ),
  );

/** Settings by an administrator who does not know those of the migration. */
const ofRolesAndDatabase = (settings: Settings): string[] =>
  Object.entries(settings).flatMap(([name, value]) => [
    `ALTER DATABASE ${DATABASE} SET ${name} = '${value}'`,
    ...ROLES.map((role) => `ALTER ROLE ${role} SET ${name} = '${value}'`),
  ]);

/** Statements that restore our services' settings. Each change adds its own. */
const undo: string[] = [];
afterEach(() => restore());

/** Connects to another database, whose settings stay as they are. */
async function asAdministrator<T>(work: (admin: Sql) => Promise<T>): Promise<T> {
  const url = stackState().urls.admin.database.replace(/\/[^/]*$/, '/postgres');
  const admin = openPostgres(url, { name: 'test', max: 1 });
  try {
    return await work(admin);
  } finally {
    await closePostgres(admin);
  }
}

const restore = (): Promise<void> =>
  asAdministrator(async (admin) => {
    for (const statement of undo.splice(0)) await admin.unsafe(statement);
    await cutSessions(admin);
  });

const cutSessions = (admin: Sql) => admin`
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'bd\_%'`;

/** For every session from now on; undone after the test. */
async function set(statements: readonly string[]): Promise<void> {
  await asAdministrator(async (admin) => {
    const before = await admin<{ role: string; setting: string }[]>`
      SELECT r.rolname AS role, unnest(s.setconfig) AS setting
      FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole
      WHERE r.rolname LIKE 'bd\\_%' AND s.setdatabase = (SELECT oid FROM pg_database WHERE datname = ${DATABASE})`;
    for (const role of ROLES) {
      undo.push(`ALTER ROLE ${role} RESET ALL`);
      undo.push(`ALTER ROLE ${role} IN DATABASE ${DATABASE} RESET ALL`);
    }
    undo.push(`ALTER DATABASE ${DATABASE} RESET ALL`);
    for (const { role, setting } of before) {
      const [name = '', value = ''] = setting.split(/=(.*)/s);
      undo.push(`ALTER ROLE ${role} IN DATABASE ${DATABASE} SET ${name} = '${value}'`);
    }
    for (const statement of statements) await admin.unsafe(statement);
    await cutSessions(admin);
  });
}

/**
 * A TTL whose expiry, written in German, reads as a time in the past in `new Date`: on a day from 1
 * to 12.
 */
function misreadTtl(): string {
  for (let days = 1; days < 29; days += 1) {
    const [date = ''] = new Date(Date.now() + days * 24 * HOUR).toISOString().split('T');
    const [year, month, day] = date.split('-');
    if (Date.parse(`${day}.${month}.${year} 12:00:00 UTC`) < Date.now()) return `${days}d`;
  }
  return '7d';
}

/** All that a person does with a sandbox, under the current settings. */
async function livesOn(id: string, expiresAt: string): Promise<void> {
  const client = openClient({ SANDBOX_OWNER: someOwner() });
  const later = Date.parse(expiresAt) + HOUR;
  // The first statement of each session in the worker's pool finds its connection cut.
  const outcome = await until('extended', () => client.extend(id, '1h').catch(() => null));
  expect(outcome).toMatchObject({ expiresAt: later, clamped: false });
  const sandbox = await client.get(id);
  expect(sandbox.status).toBe('running');
  expect(Date.parse(sandbox.expiresAt)).toBe(later);
  expect((await client.list({ all: true })).find((one) => one.id === id)).toEqual(sandbox);
  expect(await client.status(id)).toMatchObject({ health: 'healthy' });
  const audit = await client.audit(id);
  const age = Date.now() - (audit[0]?.createdAt.getTime() ?? 0);
  expect(age).toBeGreaterThan(-5_000);
  expect(age).toBeLessThan(10 * 60_000);
  const { revived, orphans } = await client.sweep({ dryRun: false });
  expect(revived.filter((one) => one.sandboxId === id)).toEqual([]);
  expect(orphans.filter((one) => one.sandboxId === id)).toEqual([]);
  expect((await client.get(id)).status).toBe('running');

  const fresh = await client.create({ ttl: '2h' });
  expect(Date.parse(fresh.expiresAt) - Date.parse(fresh.createdAt)).toBeGreaterThan(1.9 * HOUR);
  await client.destroy(fresh.id);
  expect((await client.waitUntilDestroyed(parseSandboxId(fresh.id))).status).toBe('destroyed');
}

describe('a sandbox lives on with the right expiry', () => {
  const reading = {
    TimeZone: 'Asia/Kolkata',
    IntervalStyle: 'sql_standard',
    bytea_output: 'escape',
  };
  it.each([
    ['German', { ...reading, DateStyle: 'German', extra_float_digits: '-15' }],
    ['SQL with the day first', { ...reading, DateStyle: 'SQL, DMY', extra_float_digits: '-15' }],
    ['Postgres’ own with the day first', { DateStyle: 'Postgres, DMY', client_encoding: 'LATIN1' }],
  ])('if DateStyle is %s for the services’ roles in the database', async (_what, settings) => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id, expiresAt } = await client.create({ ttl: misreadTtl() });
    await set(inDatabase(settings));
    await livesOn(id, expiresAt);
    const { code, stdout } = await bd(['doctor', '--json']);
    expect(stdout, `doctor ${code}`).toMatch(/postgres clock/);
    expect(stdout).not.toMatch(/"postgres clock","state":"(failed|warning)"/);
    await client.destroy(id);
  });

  it.each<[string, Settings]>([
    ['reading is German', { DateStyle: 'German', TimeZone: 'Asia/Kolkata' }],
    ['transactions are read-only', { default_transaction_read_only: 'on' }],
    ['transactions are serializable', { default_transaction_isolation: 'serializable' }],
    ['statements may take a millisecond', { statement_timeout: '1' }],
    ['locks may take a millisecond', { lock_timeout: '1' }],
    ['search_path is another', { search_path: 'pg_temp' }],
    ['row security is off', { row_security: 'off' }],
  ])('if by ALTER ROLE and ALTER DATABASE %s', async (_what, settings) => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id, expiresAt } = await client.create({ ttl: misreadTtl() });
    await set(ofRolesAndDatabase(settings));
    await livesOn(id, expiresAt);
    await client.destroy(id);
  });
});

it('a setting that blocks our statements is named, and is no internal error', async () => {
  const client = openClient({ SANDBOX_OWNER: someOwner() });
  const { id } = await client.create({ ttl: '2h' });
  await set(inDatabase({ default_transaction_read_only: 'on' }));
  // The first client's session was cut.
  const another = openClient({ SANDBOX_OWNER: someOwner() });
  const failure = await another.extend(id, '1h').catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'SANDBOX_009' });
  expect(String(failure)).toMatch(/Postgres is unreachable: .*read-only/);
  await restore();
  await until('the extension that goes on', async () =>
    (await client.audit(id).catch(() => [])).some(({ eventType }) => eventType === 'ttl_extended'),
  );
  await client.destroy(id);
});

describe('a senseless expiry ends no sandbox', () => {
  it('in a row without workflow: the sandbox waits, reports it, and runs again after an extension', async () => {
    const admin = openAdmin();
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id } = await client.create({ ttl: '3s' });
    await (await workflowOf(parseSandboxId(id))).terminate('by hand');
    await admin`UPDATE sandboxes SET created_at = expires_at + interval '10 min' WHERE id = ${id}`;
    await until('its expiry has passed', async () => {
      const [row] = await admin<{ past: boolean }[]>`
        SELECT expires_at < now() AS past FROM sandboxes WHERE id = ${id}`;
      return row?.past === true;
    });
    const { revived } = await client.sweep({ dryRun: false, sandboxId: parseSandboxId(id) });
    expect(revived).toMatchObject([{ as: 'resume' }]);
    const handle = await workflowOf(parseSandboxId(id));
    const waits = async () => (await handle.query<{ status: string }>('view')).status;
    expect(await waits()).toBe('running');
    await delay(1_500);
    expect(await waits()).toBe('running');
    expect((await client.get(id)).status).toBe('running');
    const { health, checks } = await client.status(id);
    expect(health).toBe('degraded');
    expect(checks.find(({ name }) => name === 'expiry')?.detail).toMatch(/not after its creation/);
    const before = Date.now();
    const { expiresAt } = await client.extend(id, '2h');
    expect(expiresAt - before).toBeGreaterThan(1.9 * HOUR);
    expect(await client.status(id)).toMatchObject({ health: 'healthy' });
    await client.destroy(id);
    await client.waitUntilDestroyed(parseSandboxId(id));
    const histories = historiesOf(await openRunTemporal(), [parseSandboxId(id)]);
    expect(await replayFailures(histories)).toEqual({});
  });

  it('in a workflow, if the row ends later: the row decides', async () => {
    const admin = openAdmin();
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id } = await client.create({ ttl: '2s' });
    const [row] = await admin<{ ends: Date }[]>`
      UPDATE sandboxes SET expires_at = now() + interval '1 h' WHERE id = ${id} RETURNING expires_at AS ends`;
    const handle = await workflowOf(parseSandboxId(id));
    const known = async () => (await handle.query<{ expiresAt: number }>('view')).expiresAt;
    await until('it has asked its row', async () => (await known()) === row?.ends.getTime());
    expect(await client.status(id)).toMatchObject({ health: 'healthy' });
    const { expiresAt } = await client.extend(id, '1h');
    expect(expiresAt).toBe((row?.ends.getTime() ?? 0) + HOUR);
    await client.destroy(id);
    expect((await client.waitUntilDestroyed(parseSandboxId(id))).status).toBe('destroyed');
    const histories = historiesOf(await openRunTemporal(), [parseSandboxId(id)]);
    expect(await replayFailures(histories)).toEqual({});
  });

  it('is not written into a row, and an expiry never moves back', async () => {
    const admin = openAdmin();
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id, expiresAt } = await client.create({ ttl: '1h' });
    for (const text of ['infinity', '-infinity', '2014-12-31', '10000-01-01', '2020-01-01'])
      await expect(
        admin`UPDATE sandboxes SET expires_at = ${text}::text::timestamptz WHERE id = ${id}`,
        text,
      ).rejects.toMatchObject({ code: expect.stringMatching(/^SB00[78]$/) as string });
    await expect(
      admin`UPDATE sandboxes SET status = 'expired' WHERE id = ${id}`,
    ).rejects.toMatchObject({ code: 'SB007' });
    expect((await client.get(id)).expiresAt).toBe(expiresAt);
    await client.destroy(id);
  });
});
