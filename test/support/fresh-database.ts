/** A database for one test. */
import { customAlphabet } from 'nanoid';
import { closePostgres, openPostgres, type Sql } from '../../platform/postgres.js';
import { stackState } from './stack.js';

const letters = customAlphabet('abcdefghijklmnopqrstuvwxyz', 8);

/**
 * Passes `work` an administrator's connection to an empty database, and drops the database
 * afterwards.
 * @param server an administrator's address; the run's Postgres by default
 */
export async function inFreshDatabase(
  work: (url: string, sql: Sql) => Promise<void>,
  server = stackState().urls.admin.database,
): Promise<void> {
  const admin = openPostgres(server, { name: 'test', max: 1 });
  const name = `fresh_${letters()}`;
  await admin.unsafe(`CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const sql = openPostgres(url.href, { name: 'test', max: 4 });
  try {
    await work(url.href, sql);
  } finally {
    await closePostgres(sql);
    await admin.unsafe(`DROP DATABASE ${name} WITH (FORCE)`);
    await closePostgres(admin);
  }
}
