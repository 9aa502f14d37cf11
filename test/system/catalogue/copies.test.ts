import { expect, it } from 'vitest';
import { expectSameCopy, inPlace, linesOf, schemaFile } from './copying.js';

it('a schema with every kind of object has an equal copy, which does not need the source', () =>
  inPlace(async (place) => {
    await place.make('source', schemaFile('every-kind.sql'));
    await expectSameCopy(place, 'source');
    const before = linesOf((await place.read('a copy')).statements);
    await place.admin.unsafe('DROP SCHEMA source CASCADE');
    expect(linesOf((await place.read('a copy')).statements)).toEqual(before);
  }));

it('a reading of every kind names each kind of statement', () =>
  inPlace(async ({ make, read }) => {
    await make('source', schemaFile('every-kind.sql'));
    const { statements } = await read('source');
    expect([...new Set(statements.map(({ kind }) => kind))].sort()).toEqual([
      'aggregate',
      'check',
      'cluster',
      'collation',
      'column options',
      'column statistics',
      'column storage',
      'comment',
      'composite type',
      'default',
      'domain',
      'enum',
      'exclusion',
      'forced row security',
      'foreign key',
      'function',
      'index',
      'index options',
      'index partition',
      'index statistics',
      'inherited default',
      'inherited not null',
      'materialized view',
      'materialized view rows',
      'operator',
      'partition',
      'policy',
      'primary key',
      'procedure',
      'range',
      'replica identity',
      'row security',
      'rule',
      'rule state',
      'sequence',
      'sequence owner',
      'statistics',
      'statistics target',
      'table',
      'table type',
      'trigger',
      'trigger state',
      'unique key',
      'view',
    ]);
  }));

it('the phases come in order, and each name is unique within its kind', () =>
  inPlace(async ({ make, read }) => {
    await make('source', schemaFile('every-kind.sql'));
    const { statements } = await read('source');
    const order = ['graph', 'keys', 'foreign-keys', 'triggers', 'states'];
    const places = statements.map(({ phase }) => order.indexOf(phase));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    const names = statements.map(({ kind, name }) => `${kind} ${name}`);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  }));

it('a copy is used as the source: defaults, keys, triggers and views work', () =>
  inPlace(async (place) => {
    const { admin, make, read, copy } = place;
    await make('source', schemaFile('every-kind.sql'));
    await copy(await read('source'), 'copy');
    await admin.unsafe(`SET search_path = copy; INSERT INTO users (name, nickname, heights, price) VALUES
      ('Ada', 'a', '[1,2]', 5), ('Bob', 'b', '[3,4]', 6); INSERT INTO orders ("user") VALUES (100); RESET search_path`);
    expect(await admin.unsafe(`SELECT id, ticket, full_name FROM copy.users ORDER BY id`)).toEqual([
      { id: '100', ticket: -5, full_name: 'ADA a' },
      { id: '110', ticket: -7, full_name: 'BOB b' },
    ]);
    await expect(
      admin.unsafe(`INSERT INTO copy.users (name, heights, ratio) VALUES ('Eve', '[1.5,5]', 1)`),
    ).rejects.toThrow(/users_heights_excl/);
    expect(await admin.unsafe('SELECT name FROM copy.buyers ORDER BY id')).toEqual([
      { name: 'Ada' },
      { name: 'Bob' },
    ]);
    await admin.unsafe(`INSERT INTO copy.events VALUES (1, '2026-05-05', 'a', 3)`);
    expect(await admin.unsafe('SELECT id FROM copy.events_2026_a')).toEqual([{ id: '1' }]);
    expect(await admin.unsafe('SELECT count(*) FROM source.users')).toEqual([{ count: '0' }]);
  }));

it('an empty schema has no statements', () =>
  inPlace(async ({ make, read }) => {
    await make('source', '');
    expect(await read('source')).toEqual({
      statements: [],
      requires: { extensions: [] },
      notes: [],
      refusals: [],
    });
  }));

it('a schema that does not exist is SANDBOX_004', () =>
  inPlace(async ({ read }) => {
    await expect(read('nothing')).rejects.toMatchObject({ code: 'SANDBOX_004' });
  }));

it('a statement that fails is named, with the server’s reason', () =>
  inPlace(async ({ make, read, copy }) => {
    await make('source', 'CREATE TABLE a (x integer); CREATE TABLE b (y integer)');
    const reading = await read('source');
    const statements = reading.statements.map((statement) =>
      statement.name === 'b' ? { ...statement, sql: 'CREATE TABLE "b" ("y" nonsense)' } : statement,
    );
    await expect(copy({ ...reading, statements }, 'copy')).rejects.toMatchObject({
      code: 'SANDBOX_005',
      message: 'cannot create table b: type "nonsense" does not exist',
      details: { kind: 'table', name: 'b', sql: 'CREATE TABLE "b" ("y" nonsense)' },
    });
  }));

it('an extension’s objects stay where they are, in the source schema or in another', () =>
  inPlace(async (place) => {
    const { admin, make, read } = place;
    await admin.unsafe('CREATE SCHEMA extensions; CREATE EXTENSION citext SCHEMA extensions');
    await make(
      'source',
      'CREATE EXTENSION hstore; CREATE EXTENSION pg_trgm; CREATE EXTENSION "uuid-ossp"',
    );
    await make(
      'source',
      `CREATE TABLE t (id uuid DEFAULT uuid_generate_v4(), c extensions.citext DEFAULT 'A', h hstore DEFAULT 'a=>1');
       CREATE INDEX ON t USING gin (c gin_trgm_ops);
       CREATE INDEX ON t ((h -> 'a'));
       CREATE VIEW v AS SELECT id FROM t WHERE c = 'x' AND h ? 'y'`,
    );
    // A copy uses them there, so its role needs USAGE; `public` gives it to everybody.
    await admin.unsafe('GRANT USAGE ON SCHEMA extensions, source TO PUBLIC');
    expect((await read('source')).requires.extensions).toEqual([
      'citext',
      'hstore',
      'pg_trgm',
      'uuid-ossp',
    ]);
    await expectSameCopy(place, 'source');
  }));
