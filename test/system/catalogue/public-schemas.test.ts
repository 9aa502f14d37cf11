/**
 * Schemas of public projects, each made by the migrations in its package. A copy has the same
 * objects by our reader, and by the server's own views.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import { afterAll, expect, it } from 'vitest';
import { closePostgres, openPostgres, type Sql } from '../../../platform/postgres.js';
import { projectRoot } from '../../../platform/project-root.js';
import { preparePython } from '../../support/python.js';
import { COPY, expectSameCopy, inPlace, type Place } from './copying.js';

const python = preparePython(join(projectRoot(), 'test/system/catalogue/schemas/litellm.txt'), {
  withDependencies: false,
});
afterAll(() => {
  python.remove();
});
if (python.missing !== null) console.warn(`NOT RUN: the schema of LiteLLM (${python.missing}).`);

/** The server's words for the objects of a schema, without its name. */
async function objectsOf(admin: Sql, schema: string): Promise<string[]> {
  const rows = await admin<{ line: string }[]>`
    SELECT concat_ws(' ', 'column', table_name,
        -- A dropped column leaves a gap in the source's numbers.
        row_number() OVER (PARTITION BY table_name ORDER BY ordinal_position), column_name, data_type,
        udt_name, is_nullable, character_maximum_length, numeric_precision, numeric_scale,
        column_default) AS line
      FROM information_schema.columns WHERE table_schema = ${schema}
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = ${schema}
    UNION ALL SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid))
      FROM pg_constraint WHERE connamespace = quote_ident(${schema})::regnamespace
    UNION ALL SELECT concat_ws(' ', 'sequence', sequencename, data_type, start_value, increment_by)
      FROM pg_sequences WHERE schemaname = ${schema}
    UNION ALL SELECT concat_ws(' ', 'enum', typname, enumsortorder, enumlabel)
      FROM pg_enum JOIN pg_type t ON t.oid = enumtypid WHERE typnamespace = quote_ident(${schema})::regnamespace
    UNION ALL SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
      WHERE relnamespace = quote_ident(${schema})::regnamespace AND NOT tgisinternal
    UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = quote_ident(${schema})::regnamespace`;
  return rows.map(({ line }) => line.replaceAll(/\bpublic\.|"a copy"\./g, '')).sort();
}

async function expectSameObjects(place: Place, tables: number): Promise<void> {
  const { statements } = await place.read('public');
  expect(statements.filter(({ kind }) => kind === 'table')).toHaveLength(tables);
  await expectSameCopy(place, 'public');
  const objects = await objectsOf(place.admin, 'public');
  expect(objects.length).toBeGreaterThan(tables);
  expect(await objectsOf(place.admin, COPY)).toEqual(objects);
}

it('the schema of Paperclip, 66 tables by 49 migrations of Drizzle, has a copy with the same objects', () =>
  inPlace(async (place) => {
    const folder = 'node_modules/@paperclipai/db/dist/migrations';
    const sql = openPostgres(place.url, { name: 'test', max: 1 });
    await migrate(drizzle(sql), { migrationsFolder: join(projectRoot(), folder) });
    await closePostgres(sql);
    await expectSameObjects(place, 66);
  }));

(python.missing === null ? it : it.skip)(
  `the schema of LiteLLM, 101 tables by 220 migrations of Prisma, has a copy with the same objects${python.missing === null ? '' : ` (not run: ${python.missing})`}`,
  () =>
    inPlace(async (place) => {
      const library = join(dirname(python.path ?? ''), '../lib');
      const [version = ''] = readdirSync(library);
      const folder = join(library, version, 'site-packages/litellm_proxy_extras/migrations');
      const migrations = readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name)
        .sort();
      expect(migrations).toHaveLength(220);
      // As `prisma migrate deploy`, whose engine is a download of its own.
      for (const name of migrations)
        await place.admin.unsafe(readFileSync(join(folder, name, 'migration.sql'), 'utf8'));
      await expectSameObjects(place, 101);
    }),
);
