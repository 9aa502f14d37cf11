/** A template whose text takes longer than a step of a usual create may (workflows/steps.ts). */
import { expect, it, onTestFinished } from 'vitest';
import { parseSandboxId } from '../../../domain/names.js';
import { openAdmin, openClient, someName, someOwner } from '../../support/stack.js';
import { workflowOf } from '../../support/temporal.js';

const TABLES = 301;
/** A local activity has 12 s. */
const SLEEP_S = 13;

it('a create waits for it, in an activity that Temporal shows', async () => {
  const [admin, template] = [openAdmin(), someName()];
  const statements = [
    ...Array.from({ length: TABLES }, (_, n) => ({
      ...{ phase: 'graph', kind: 'table', name: `t${n}` },
      sql: `CREATE TABLE t${n} (id int PRIMARY KEY)`,
    })),
    {
      ...{ phase: 'graph', kind: 'materialized view', name: 'slow' },
      sql: `CREATE MATERIALIZED VIEW slow AS SELECT 1 AS one FROM pg_catalog.pg_sleep(${SLEEP_S})`,
    },
  ];
  await admin`
    INSERT INTO sandbox_templates (name, version, source, statements, tables, created_by)
    VALUES (${template}, 1, '{"kind": "sql", "files": []}',
      ${JSON.stringify(statements)}::text::jsonb, ${TABLES}, 'test')`;
  const client = openClient({ SANDBOX_OWNER: someOwner() });
  const sandbox = await client.create({ name: someName(), template });
  onTestFinished(async () => {
    await client.destroy(sandbox.id);
    await client.removeTemplate(template);
  });
  const [row] = await admin<[{ tables: number }]>`
    SELECT count(*)::int AS tables FROM pg_tables WHERE schemaname = ${sandbox.schema}`;
  expect(row.tables).toBe(TABLES);
  const { events } = await (await workflowOf(parseSandboxId(sandbox.id))).fetchHistory();
  const scheduled = (events ?? []).map(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name,
  );
  expect(scheduled.filter((name) => name != null)).toEqual(['postgres-schema.ensure']);
});
