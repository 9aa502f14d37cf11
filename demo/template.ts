/** The demo's own schema, as a template: SQL files in schema/, with an enum, a key and a view. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Control } from '../domain/control.js';
import type { Template } from '../domain/template.js';
import { closePostgres, openPostgres } from '../platform/postgres.js';
import { projectRoot } from '../platform/project-root.js';

/** What a sandbox of the template must have. */
export const OBJECTS = ['members', 'standing', 'warned', 'warnings'] as const;

export async function addTeamTemplate(client: Control): Promise<Template> {
  const folder = join(projectRoot(), 'demo/schema');
  const names = (await readdir(folder)).sort();
  const files = names.map(async (name) => ({
    name,
    sql: await readFile(join(folder, name), 'utf8'),
  }));
  return client.addTemplate({ name: 'demo-team', files: await Promise.all(files) });
}

/** The names of a sandbox's tables, views and enums, read with its own login. */
export async function objectsOf(client: Control, sandboxId: string): Promise<string[]> {
  const { environment } = await client.connection(sandboxId);
  const sql = openPostgres(environment.DATABASE_URL ?? '', { name: 'demo', max: 1 });
  try {
    const rows = await sql<{ name: string }[]>`
      SELECT relname AS name FROM pg_class
      WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'v')
      UNION SELECT typname FROM pg_type
      WHERE typnamespace = current_schema()::regnamespace AND typtype = 'e' ORDER BY 1`;
    return rows.map(({ name }) => name);
  } finally {
    await closePostgres(sql);
  }
}
