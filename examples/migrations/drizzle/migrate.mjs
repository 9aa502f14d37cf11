/**
 * Applies Drizzle's migrations in a sandbox, and records them as `migrate()` of
 * drizzle-orm/postgres-js/migrator does. That function itself begins with CREATE SCHEMA, which
 * Postgres refuses to a role without rights on the database, also for a schema that exists.
 */
import { fileURLToPath } from 'node:url';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import postgres from 'postgres';

const migrationsFolder = fileURLToPath(new URL('migrations', import.meta.url));
const sql = postgres(process.env.DATABASE_URL, { max: 1, onnotice: () => {} });

await sql`
  CREATE TABLE IF NOT EXISTS __drizzle_migrations (
    id serial PRIMARY KEY, hash text NOT NULL, created_at bigint
  )`;
const [last] = await sql`SELECT max(created_at) AS at FROM __drizzle_migrations`;
let applied = 0;
await sql.begin(async (tx) => {
  for (const { sql: statements, hash, folderMillis } of readMigrationFiles({ migrationsFolder })) {
    if (folderMillis <= Number(last.at)) continue;
    // drizzle-kit writes "public" before the name of an enum, and of the table that a key references.
    for (const statement of statements) await tx.unsafe(statement.replaceAll('"public".', ''));
    await tx`INSERT INTO __drizzle_migrations (hash, created_at) VALUES (${hash}, ${folderMillis})`;
    applied += 1;
  }
});
await sql.end();
console.log(`applied: ${applied}`);
