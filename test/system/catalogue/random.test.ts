import fc from 'fast-check';
import { expect, it } from 'vitest';
import { quoteIdentifier as q, quoteLiteral } from '../../../catalogue/names.js';
import { inPlace, leaksFrom, linesOf } from './copying.js';

const name = fc.oneof(
  fc.constantFrom(
    'id',
    'user',
    'source',
    'order',
    'text',
    'new',
    'Mixed',
    'a.b',
    "it's",
    '"',
    '%s $1',
  ),
  fc
    .string({ minLength: 1, maxLength: 15, unit: 'grapheme' })
    .filter((text) => !text.includes('\0')),
);

/** A type, and an expression of it. */
const column = fc.record({
  type: fc.constantFrom(
    ...([
      'integer',
      'bigint',
      'text',
      'varchar(20)',
      'numeric(8,3)',
      'boolean',
      'jsonb',
      'uuid',
    ] as const),
    ...(['timestamptz', 'date', 'interval', 'text[]', 'mood', 'mood[]', 'short', 'pair'] as const),
  ),
  default: fc.boolean(),
  notNull: fc.boolean(),
  check: fc.boolean(),
  unique: fc.boolean(),
  index: fc.constantFrom('none', 'btree', 'partial', 'expression', 'descending'),
  comment: fc.option(
    fc.string({ maxLength: 30 }).filter((text) => !text.includes('\0')),
    { nil: null },
  ),
});

const DEFAULTS: Readonly<Record<string, string>> = {
  integer: '-7',
  bigint: '9007199254740993',
  text: `E'a\\\\b''c'`,
  'varchar(20)': `'source.t'`,
  'numeric(8,3)': '1.500',
  boolean: 'true',
  jsonb: `'{"a": null}'`,
  uuid: 'gen_random_uuid()',
  timestamptz: 'now()',
  date: `'2020-02-29'`,
  interval: `'-1 mon 2 days 03:04:05.678'`,
  'text[]': `ARRAY['x', NULL]`,
  mood: `'sad'`,
  'mood[]': `ARRAY['sad', 'ok']::mood[]`,
  short: `'abc'`,
  pair: `ROW(1, 'ok')::pair`,
};

const table = fc.record({
  name,
  columns: fc.uniqueArray(fc.tuple(name, column), {
    minLength: 1,
    maxLength: 6,
    selector: ([key]) => key,
  }),
  key: fc.constantFrom('none', 'serial', 'identity'),
  partitioned: fc.boolean(),
  reference: fc.boolean(),
  view: fc.constantFrom('none', 'plain', 'materialized', 'cte', 'grouped'),
  trigger: fc.boolean(),
  security: fc.boolean(),
});

type Table = typeof table extends fc.Arbitrary<infer T> ? T : never;

const BASE = `CREATE TYPE mood AS ENUM ('sad', 'ok');
  CREATE DOMAIN short AS text CHECK (length(VALUE) < 10);
  CREATE TYPE pair AS (a integer, b mood);
  CREATE FUNCTION fine(anyelement) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 IS NOT NULL';
  CREATE FUNCTION on_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';`;

/** The names get a number: two tables may not have the same. */
function sqlOf(tables: readonly Table[]): string {
  const named = tables.map((spec, i) => ({ ...spec, i, own: q(`${spec.name.slice(0, 10)}${i}`) }));
  return [BASE, ...named.flatMap((spec) => tableSql(spec, named[spec.i - 1]?.own))].join('\n');
}

function tableSql(spec: Table & { own: string; i: number }, before: string | undefined): string[] {
  const { own, i, columns, key, partitioned } = spec;
  const plain = !partitioned;
  const keys = {
    none: '',
    serial: 'key# serial PRIMARY KEY',
    identity: 'key# bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY',
  };
  const lines = columns.map(([column, of]) =>
    [
      q(column),
      of.type,
      of.default ? `DEFAULT ${DEFAULTS[of.type] ?? 'NULL'}` : '',
      of.notNull ? 'NOT NULL' : '',
      of.check ? `CHECK (fine(${q(column)}))` : '',
    ].join(' '),
  );
  const id = q('key#');
  if (plain && key !== 'none') lines.push(keys[key].replace('key#', id));
  if (plain && spec.reference) lines.push(`${q('parent#')} integer`);
  const statements = [
    `CREATE TABLE ${own} (${lines.join(', ')})${partitioned ? ` PARTITION BY LIST (${q(columns[0]?.[0] ?? '')})` : ''};`,
    ...(partitioned ? [`CREATE TABLE ${q(`p${i}`)} PARTITION OF ${own} DEFAULT;`] : []),
    ...columns.flatMap(([column, of], c) => columnSql(own, column, of, `${i}_${c}`, plain)),
  ];
  if (before !== undefined && spec.view !== 'none') statements.push(viewSql(spec, before));
  if (plain && spec.reference && key !== 'none')
    statements.push(
      `ALTER TABLE ${own} ALTER ${q('parent#')} TYPE bigint, ADD FOREIGN KEY (${q('parent#')}) REFERENCES ${own} ON DELETE CASCADE;`,
    );
  if (spec.trigger)
    statements.push(
      `CREATE TRIGGER ${own} AFTER UPDATE ON ${own} FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION on_change('source.x');`,
    );
  if (spec.security)
    statements.push(
      `ALTER TABLE ${own} ENABLE ROW LEVEL SECURITY; CREATE POLICY ${own} ON ${own} USING (fine(${q(columns[0]?.[0] ?? '')}));`,
    );
  return statements;
}

function columnSql(
  own: string,
  column: string,
  of: Table['columns'][number][1],
  number: string,
  plain: boolean,
): string[] {
  const c = q(column);
  const indexes = {
    none: '',
    btree: of.type === 'jsonb' ? '' : `CREATE INDEX ON ${own} (${c});`,
    partial: `CREATE INDEX ${q(`i${number}`)} ON ${own} ((1)) WHERE fine(${c});`,
    expression: `CREATE INDEX ON ${own} ((fine(${c})));`,
    descending: `CREATE INDEX ON ${own} (${c} DESC NULLS LAST);`,
  };
  return [
    indexes[of.index],
    of.unique && plain ? `ALTER TABLE ${own} ADD UNIQUE NULLS NOT DISTINCT (${c});` : '',
    of.comment === null ? '' : `COMMENT ON COLUMN ${own}.${c} IS ${quoteLiteral(of.comment)};`,
  ];
}

function viewSql(
  { own, i, view, columns }: Table & { own: string; i: number },
  before: string,
): string {
  const v = q(`v${i}`);
  const c = q(columns[0]?.[0] ?? '');
  const queries = {
    none: '',
    plain: `CREATE VIEW ${v} AS SELECT a.${c}, b AS whole FROM ${own} a LEFT JOIN ${before} b ON fine(a.${c});`,
    materialized: `CREATE MATERIALIZED VIEW ${v} AS SELECT x.${c} FROM ${own} x WHERE fine(x.${c});`,
    cte: `CREATE VIEW ${v} AS WITH ${before} AS (SELECT ${c} AS c FROM ${own}) SELECT s.c, t AS r FROM ${before} s, source.${before} t;`,
    grouped: `CREATE VIEW ${v} AS SELECT count(*) AS source, ${c} IS NULL AS empty FROM ${own} source GROUP BY 2;`,
  };
  return queries[view];
}

it('a schema of random objects has an equal copy', { timeout: 300_000 }, () =>
  fc.assert(
    fc.asyncProperty(fc.array(table, { minLength: 1, maxLength: 6 }), (tables) =>
      inPlace(async ({ admin, make, read, copy }) => {
        await make('source', sqlOf(tables));
        const reading = await read('source');
        expect(reading.refusals).toEqual([]);
        await copy(reading, 'copy');
        expect(linesOf((await read('copy')).statements)).toEqual(linesOf(reading.statements));
        expect(await leaksFrom(admin, 'copy', 'source')).toEqual([]);
      }),
    ),
    { numRuns: 20, endOnFailure: true },
  ),
);
