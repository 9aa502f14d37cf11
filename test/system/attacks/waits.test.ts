/**
 * Locks by which a sandbox delays the worker. Its transaction holds the lock until the worker ends
 * the session.
 */
import type pg from 'pg';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import type { Control } from '../../../domain/control.js';
import { openDirectControl } from '../../../control/direct-control.js';
import { makeTenant, postgresAs, type Tenant, soon } from '../isolation/tenants.js';
import { scrape, total } from '../../support/scrape.js';
import { someOwner, stackConfig } from '../../support/stack.js';

let client: Control;
let attacker: Tenant;

beforeAll(async () => {
  client = openDirectControl(stackConfig({ SANDBOX_OWNER: someOwner() }));
  attacker = await makeTenant(client);
});
afterAll(async () => {
  await client.destroy(attacker.id);
  await client.close();
});

async function sessionOf({ env }: Tenant): Promise<pg.Client> {
  const sql = await postgresAs(env);
  onTestFinished(() => sql.end().catch(() => undefined));
  // Limits that a tenant may lift.
  await sql.query('SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0');
  return sql;
}

const isEnded = (sql: pg.Client): Promise<boolean> =>
  sql.query('SELECT 1').then(
    () => false,
    () => true,
  );

/** Runs the statements, keeps their transaction open, and returns its session. */
async function holding(statements: string): Promise<pg.Client> {
  const sql = await sessionOf(attacker);
  await sql.query(`BEGIN; ${statements}`);
  return sql;
}

const ended = async (): Promise<number> =>
  total(await scrape('worker'), 'sandbox_sessions_ended_total', '"postgres_waits"');

it('the database’s own row, locked by a GRANT without effect: other sandboxes can still be created', async () => {
  const before = await ended();
  const honest = await sessionOf(attacker);
  const [sql, neighbour] = [
    await holding('GRANT CONNECT ON DATABASE sandboxes TO PUBLIC'),
    await makeTenant(client),
  ];
  expect(await isEnded(sql)).toBe(true);
  expect(await ended()).toBeGreaterThan(before);
  // All sessions of that sandbox were ended. A session that delays nobody stays.
  expect(await isEnded(honest)).toBe(true);
  const patient = await sessionOf(neighbour);
  await patient.query('BEGIN; LOCK TABLE communities; SELECT pg_advisory_xact_lock(1)');
  await client.destroy((await makeTenant(client)).id);
  expect(await isEnded(patient)).toBe(false);
  await client.destroy(neighbour.id);
});

it('its own role’s row: its sessions end within 2 s of its destroy', async () => {
  const doomed = await makeTenant(client);
  const sql = await sessionOf(doomed);
  await sql.query(`BEGIN; ALTER ROLE "sandbox_${doomed.id}" PASSWORD 'kept'`);
  const destroyed = client.destroy(doomed.id);
  await soon(() => isEnded(sql));
  await destroyed;
  await client.waitUntilDestroyed((await client.get(doomed.id)).id);
});

it.each([
  ['a policy for it', 'CREATE POLICY p ON communities TO {b}', 'LOCK TABLE communities'],
  ['a grant to it', 'GRANT SELECT ON profiles TO {b}', 'GRANT INSERT ON profiles TO {b}'],
])(
  'its own table that names a neighbour, by %s: the neighbour can be destroyed',
  async (...row) => {
    const [, before, locked] = row;
    const victim = await makeTenant(client);
    const named = (text: string): string => text.replace('{b}', `"sandbox_${victim.id}"`);
    await (await sessionOf(attacker)).query(named(before));
    const sql = await holding(named(locked));
    await client.destroy(victim.id);
    await client.waitUntilDestroyed((await client.get(victim.id)).id);
    expect(await isEnded(sql)).toBe(true);
  },
);
