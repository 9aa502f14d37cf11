/** Sessions that run DDL are renewed after a number of uses, even while they are in use. */
import { expect, it, onTestFinished } from 'vitest';
import { openPostgres, type Sql } from '../../../platform/postgres.js';
import { DdlSessions } from '../../../store/ddl-sessions.js';
import { openAdmin, someName, stackState, until } from '../../support/stack.js';

const pidOf = async (sql: Sql): Promise<number> => {
  const [row] = await sql<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`;
  return row?.pid ?? 0;
};

async function sessionsNamed(name: string): Promise<number> {
  const [row] = await openAdmin()<{ count: number }[]>`
    SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = ${name}`;
  return row?.count ?? 0;
}

it('a session is new after so many uses, and no busy one is cut off', async () => {
  const name = someName();
  const url = stackState().urls.worker.database;
  const sessions = new DdlSessions(() => openPostgres(url, { name, max: 1 }), 3);
  onTestFinished(() => sessions.close());
  const slow = sessions.use(async (sql) => {
    await sql`SELECT pg_sleep(1)`;
    return pidOf(sql);
  });
  const pids = [await sessions.use(pidOf), await sessions.use(pidOf)];
  const renewed = [await sessions.use(pidOf), await sessions.use(pidOf)];
  expect(new Set([await slow, ...pids]).size).toBe(1);
  expect(new Set(renewed).size).toBe(1);
  expect(renewed).not.toContain(pids[0]);
  await until('the first one ends', async () => (await sessionsNamed(name)) === 1);
});

it('a failure reaches only its caller, and all sessions end on close', async () => {
  const name = someName();
  const url = stackState().urls.worker.database;
  const sessions = new DdlSessions(() => openPostgres(url, { name, max: 2 }), 2);
  await expect(sessions.use((sql) => sql`SELECT 1 / 0`)).rejects.toThrow(/division/);
  const answers = await Promise.all(Array.from({ length: 20 }, () => sessions.use(pidOf)));
  expect(answers.every((pid) => pid > 0)).toBe(true);
  await sessions.close();
  await until('no session is left', async () => (await sessionsNamed(name)) === 0);
});
