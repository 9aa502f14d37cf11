import { expect, it } from 'vitest';
import { readSchema } from '../../../catalogue/read.js';
import { inPlace, linesOf } from './copying.js';

/** Every function that the reader calls, and those behind its operators. */
const CALLED = [
  ...['format_type(oid, integer)', 'pg_get_expr(pg_node_tree, oid)', 'pg_get_viewdef(oid)'],
  ...['pg_get_constraintdef(oid)', 'pg_get_indexdef(oid)', 'pg_get_triggerdef(oid)'],
  ...['pg_get_ruledef(oid)', 'pg_get_functiondef(oid)', 'pg_get_statisticsobjdef(oid)'],
  ...['pg_get_partkeydef(oid)', 'pg_get_function_identity_arguments(oid)'],
  ...[
    'quote_ident(name)',
    'quote_ident(text)',
    'quote_literal(name)',
    'split_part(name, text, integer)',
  ],
  ...['coalesce_(name, name)', 'concat_ws(text, oid)', 'hashtextextended(name, integer)'],
  ...[
    'to_json(name[])',
    'json_agg(name)',
    'set_config(name, name, boolean)',
    'current_schema(integer)',
  ],
  ...['pg_describe_object(oid, oid, integer)', 'pg_get_userbyid(oid)', 'aclexplode(aclitem[])'],
  ...[
    'current_setting(name)',
    'json_array_elements_text(text)',
    'json_each_text(text)',
    'count(oid)',
  ],
];

/** Operators that would fit the reader's arguments better than those of pg_catalog. */
const OPERATORS = [
  ...[
    ['=', 'oid', 'integer'],
    ['=', '"char"', 'text'],
    ['=', 'name', 'text'],
  ],
  ...[
    ['=', 'oid', 'regclass'],
    ['<>', 'oid', 'integer'],
    ['>', 'smallint', 'bigint'],
    ['||', 'name', 'name'],
  ],
  ...[
    ['||', 'regclass', 'text'],
    ['||', 'text', 'oid'],
    ['~~', 'name', 'name'],
  ],
] as const;

/** Objects of a tenant whose code says so when it runs, in every place where it could. */
const HOSTILE = `
  CREATE FUNCTION ran() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'tenant code ran'; END $$;
  ${CALLED.map((signature) => `CREATE FUNCTION ${signature} RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'tenant code ran'; END $$;`).join('\n')}
  ${OPERATORS.map(
    ([name, left, right], i) => `
      CREATE FUNCTION op_${i}(${left}, ${right}) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'tenant code ran'; END $$;
      CREATE OPERATOR ${name} (FUNCTION = op_${i}, LEFTARG = ${left}, RIGHTARG = ${right});`,
  ).join('\n')}
  CREATE TABLE pg_class (oid oid, relname name, relnamespace oid, relkind "char");
  CREATE TABLE pg_attribute (attrelid oid);
  CREATE VIEW pg_depend AS SELECT ran();
  CREATE VIEW pg_description AS SELECT ran();
  CREATE VIEW pg_namespace AS SELECT ran();
  CREATE TABLE lazy (a integer DEFAULT ran()::integer, b text CHECK (ran()), c boolean);
  CREATE POLICY p ON lazy USING (ran());
  ALTER TABLE lazy ENABLE ROW LEVEL SECURITY;
  ALTER TABLE lazy FORCE ROW LEVEL SECURITY;
  CREATE FUNCTION on_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'tenant code ran'; END $$;
  CREATE TRIGGER t BEFORE INSERT ON lazy FOR EACH STATEMENT EXECUTE FUNCTION on_row();
  CREATE MATERIALIZED VIEW m AS SELECT ran() AS r WITH NO DATA;
`;

it('reading runs no code of the schema', () =>
  inPlace(async ({ admin, make, read }) => {
    await make('source', HOSTILE);
    await admin.unsafe('GRANT ALL ON SCHEMA source TO PUBLIC');
    const { statements } = await read('source');
    expect(statements.filter(({ kind }) => kind === 'function').length).toBeGreaterThan(
      CALLED.length,
    );
  }));

it('the reader’s own settings change neither this nor the text', () =>
  inPlace(async ({ admin, readerRole, make, read }) => {
    await make('source', HOSTILE);
    await make(
      'source',
      `CREATE TABLE constants (a interval DEFAULT '1 day 2 hours', b float8 DEFAULT 0.1, c date DEFAULT '2020-02-03')`,
    );
    await admin.unsafe('GRANT ALL ON SCHEMA source TO PUBLIC');
    const expected = linesOf((await readSchema(admin, 'source')).statements);
    for (const setting of [
      'search_path = source, pg_catalog',
      'quote_all_identifiers = on',
      'extra_float_digits = -15',
      `IntervalStyle = 'sql_standard'`,
      `DateStyle = 'SQL, DMY'`,
    ])
      await admin.unsafe(`ALTER ROLE ${readerRole} SET ${setting}`);
    expect(linesOf((await read('source')).statements)).toEqual(expected);
  }));

it('a reading writes nothing, reads no row and needs no right', () =>
  inPlace(async ({ admin, reader, make, read }) => {
    await make('source', 'CREATE TABLE secret (a text); CREATE VIEW v AS SELECT a FROM secret');
    await admin.unsafe('REVOKE ALL ON SCHEMA source FROM PUBLIC');
    await expect(reader.unsafe('SELECT * FROM source.secret')).rejects.toThrow(/permission denied/);
    expect((await read('source')).statements.map(({ name }) => name)).toEqual(['secret', 'v']);
  }));

it('a copy is made in the schema of the session, although the statements name others', () =>
  inPlace(async ({ admin, make, read, copy }) => {
    await make(
      'source',
      `CREATE TABLE t (a integer);
       CREATE FUNCTION f() RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = source, pg_temp
         AS 'BEGIN RETURN (SELECT count(*) FROM t); END'`,
    );
    await copy(await read('source'), 'copy');
    const [f] = await admin<{ definer: boolean; config: string }[]>`
      SELECT prosecdef AS definer, proconfig::text AS config FROM pg_proc WHERE pronamespace = 'copy'::regnamespace`;
    expect(f).toEqual({ definer: false, config: '{"search_path=copy, pg_temp"}' });
  }));
