/** A database on the run's Postgres for one test. */
import { customAlphabet } from 'nanoid';
import { closePostgres, openPostgres, type Sql } from '../../platform/postgres.js';
import { stackState } from './stack.js';

const letters = customAlphabet('abcdefghijklmnopqrstuvwxyz', 8);

/**
 * Passes `work` an administrator's connection to an empty database, and drops the database
 * afterwards.
 */
export async function inFreshDatabase(
  work: (url: string, sql: Sql) => Promise<void>,
): Promise<void> {
  const admin = openPostgres(stackState().urls.admin.database, { name: 'test', max: 1 });
  const name = `fresh_${letters()}`;
  await admin.unsafe(`CREATE DATABASE ${name}`);
  const url = new URL(stackState().urls.admin.database);
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
