import { expect, it } from 'vitest';
import { readSchema } from '../../../catalogue/read.js';
import { SandboxError } from '../../../domain/errors.js';
import { delay } from '../../../platform/deadline.js';
import type { Sql } from '../../../platform/postgres.js';
import { inPlace } from './copying.js';

const FIRST = `CREATE TYPE mood AS ENUM ('state_0');
  CREATE TABLE t (state_0 integer, m mood DEFAULT 'state_0');
  CREATE INDEX state_0 ON t (state_0);
  CREATE VIEW v AS SELECT state_0 AS x FROM t;
  COMMENT ON TABLE t IS 'state_0'`;

/** One migration: every name goes to the next state, in one transaction. */
const migrate = (admin: Sql, state: number): Promise<unknown> =>
  admin.begin((tx) =>
    tx.unsafe(`SET LOCAL search_path = source;
      ALTER TABLE t RENAME COLUMN state_${state} TO state_${state + 1};
      ALTER INDEX state_${state} RENAME TO state_${state + 1};
      ALTER TYPE mood RENAME VALUE 'state_${state}' TO 'state_${state + 1}';
      COMMENT ON TABLE t IS 'state_${state + 1}'`),
  );

/** Migrates until `work` ends, with a pause after each. */
async function migrating(admin: Sql, pauseMs: number, work: () => Promise<void>): Promise<void> {
  const end = new AbortController();
  const migrations = (async () => {
    for (let state = 0; !end.signal.aborted; state += 1) {
      await migrate(admin, state);
      await delay(pauseMs);
    }
  })();
  try {
    await work();
  } finally {
    end.abort();
    await migrations;
  }
}

it('a reading beside migrations shows one state, never a mixture', () =>
  inPlace(async ({ admin, reader, make }) => {
    await make('source', FIRST);
    const states = new Set<string>();
    await migrating(admin, 700, async () => {
      for (let i = 0; i < 12; i += 1) {
        const { statements } = await readSchema(reader, 'source', { attempts: 100 });
        const found = new Set(statements.flatMap(({ sql }) => sql.match(/state_\d+/g) ?? []));
        expect([...found]).toHaveLength(1);
        states.add([...found].join());
      }
    });
    expect(states.size).toBeGreaterThan(1);
  }));

it('a schema that changes during each attempt is SANDBOX_007', () =>
  inPlace(async ({ admin, reader, make }) => {
    await make('source', FIRST);
    await migrating(admin, 0, async () => {
      const error: unknown = await readSchema(reader, 'source', { attempts: 2 }).catch(
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(SandboxError);
      expect(error).toMatchObject({
        code: 'SANDBOX_007',
        message: 'the schema source was locked or changed during 2 readings',
      });
    });
  }));

it('rows that change do not disturb a reading, and a lock of the source does not hold it', () =>
  inPlace(async ({ admin, reader, make }) => {
    await make(
      'source',
      'CREATE TABLE t (id serial); CREATE MATERIALIZED VIEW m AS SELECT id FROM t',
    );
    const end = new AbortController();
    const writes = (async () => {
      while (!end.signal.aborted) {
        await admin.unsafe('TRUNCATE source.t');
        await admin.unsafe('INSERT INTO source.t DEFAULT VALUES');
        await admin.unsafe('REFRESH MATERIALIZED VIEW source.m');
        await admin.unsafe('ANALYZE source.t');
      }
    })();
    try {
      for (let i = 0; i < 5; i += 1)
        expect((await readSchema(reader, 'source', { attempts: 20 })).refusals).toEqual([]);
    } finally {
      end.abort();
      await writes;
    }
  }));

it('a lock of another session ends a reading soon, and another attempt follows', () =>
  inPlace(async ({ admin, reader, make }) => {
    await make('source', 'CREATE TABLE t (id integer); CREATE VIEW v AS SELECT id FROM t');
    let reading: Promise<unknown> | undefined;
    await admin.begin(async (tx) => {
      await tx`LOCK TABLE source.t IN ACCESS EXCLUSIVE MODE`;
      await expect(readSchema(reader, 'source', { attempts: 2 })).rejects.toMatchObject({
        code: 'SANDBOX_007',
        message: 'the schema source was locked or changed during 2 readings',
      });
      reading = readSchema(reader, 'source', { attempts: 50 });
      await delay(300);
    });
    await expect(reading).resolves.toMatchObject({ refusals: [] });
  }));
