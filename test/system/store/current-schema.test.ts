/** `sql/current.sql` shows the database after all migrations. `npm run schema` rewrites it. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { migratePostgres } from '../../../migrate/postgres.js';
import { projectRoot } from '../../../platform/project-root.js';
import { inFreshDatabase } from '../../support/fresh-database.js';
import { dumpSchema } from '../../support/schema-dump.js';

it('sql/current.sql is the database that the migrations make', async () => {
  await inFreshDatabase(async (url, sql) => {
    await migratePostgres(url);
    const current = join(projectRoot(), 'sql', 'current.sql');
    await expect(await dumpSchema(sql)).toMatchFileSnapshot(current);
  });
});
