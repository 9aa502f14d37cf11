import { expect, it } from 'vitest';
import { readSchema } from '../../../catalogue/read.js';
import { inPlace } from './copying.js';

/** The lock table of default settings has no place for so many in one transaction. */
const BATCH = 500;
const TABLES = 10_000;

it('10,000 tables are read within a minute, beside other schemas', { timeout: 300_000 }, () =>
  inPlace(async ({ admin, reader, make }) => {
    await make('source', '');
    for (let from = 0; from < TABLES; from += BATCH)
      await admin.unsafe(
        `SET search_path = source; ${Array.from({ length: BATCH }, (_, i) => `CREATE TABLE t_${from + i} (id integer PRIMARY KEY, name text DEFAULT 'x' CHECK (name <> ''));`).join('')} RESET search_path`,
      );
    const start = performance.now();
    const { statements, refusals } = await readSchema(reader, 'source');
    const tookMs = performance.now() - start;
    expect(refusals).toEqual([]);
    expect(statements.filter(({ kind }) => kind === 'table')).toHaveLength(TABLES);
    expect(statements.filter(({ kind }) => kind === 'primary key')).toHaveLength(TABLES);
    expect(tookMs).toBeLessThan(60_000);
    console.log(`read ${TABLES} tables in ${Math.round(tookMs)} ms`);
  }),
);
