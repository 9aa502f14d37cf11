import { expect, it } from 'vitest';
import { inPlace, leaksFrom, linesOf } from './copying.js';

const LONG = 'ä'.repeat(31) + 'x';

const q = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Copies the schema and compares; gives the copy's objects for a look. */
const copied = (
  schema: string,
  text: string,
  look?: (sql: (query: string) => Promise<readonly object[]>) => Promise<void>,
): Promise<void> =>
  inPlace(async ({ admin, make, read, copy }) => {
    await make(schema, text);
    const reading = await read(schema);
    expect(reading.refusals).toEqual([]);
    await copy(reading, 'the "copy');
    expect(linesOf((await read('the "copy')).statements)).toEqual(linesOf(reading.statements));
    expect(await leaksFrom(admin, 'the "copy', schema)).toEqual([]);
    await admin.unsafe(`DROP SCHEMA ${q(schema)} CASCADE`);
    expect(linesOf((await read('the "copy')).statements)).toEqual(linesOf(reading.statements));
    await look?.((query) => admin.unsafe(query));
  });

it.each([
  ['a quote', 'a"b'],
  ['an apostrophe', "it's"],
  ['a backslash', 'a\\b'],
  ['a percent sign and a parameter', '%I $1 %1$s'],
  ['a keyword', 'select'],
  ['a keyword of types', 'interval'],
  ['a dot', 'a.b'],
  ['dollar quotes', '$function$'],
  ['a comment', 'a -- b /* c'],
  ['a placeholder', '${schema} :name ?'],
  ['a line break', 'a\nb'],
  ['63 bytes', LONG],
  ['a semicolon', 'x; DROP TABLE y'],
])('objects whose names have %s are copied', (_what, name) =>
  copied(
    'source',
    `CREATE TYPE ${q(`t${name}`.slice(0, 40))} AS ENUM ('${name.replaceAll("'", "''")}');
     CREATE TABLE ${q(name)} (${q(name)} ${q(`t${name}`.slice(0, 40))} DEFAULT '${name.replaceAll("'", "''")}', id serial PRIMARY KEY,
       CONSTRAINT ${q(`c${name}`.slice(0, 40))} CHECK (id > 0));
     CREATE INDEX ${q(`i${name}`.slice(0, 40))} ON ${q(name)} (${q(name)});
     CREATE FUNCTION ${q(`f${name}`.slice(0, 40))}(${q(name)} ${q(name)}) RETURNS void LANGUAGE sql AS '';
     CREATE FUNCTION ${q(`g${name}`.slice(0, 40))}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
     CREATE TRIGGER ${q(name)} AFTER UPDATE OF ${q(name)} ON ${q(name)} FOR EACH ROW EXECUTE FUNCTION ${q(`g${name}`.slice(0, 40))}('${name.replaceAll("'", "''")}');
     CREATE RULE ${q(`r${name}`.slice(0, 40))} AS ON DELETE TO ${q(name)} DO INSTEAD NOTHING;
     CREATE POLICY ${q(name)} ON ${q(name)} USING (${q(name)} IS NOT NULL);
     CREATE STATISTICS ${q(`s${name}`.slice(0, 40))} ON id, ${q(name)} FROM ${q(name)};
     CREATE VIEW ${q(`v${name}`.slice(0, 40))} AS SELECT x.${q(name)} AS ${q(name)} FROM ${q(name)} x;
     COMMENT ON COLUMN ${q(name)}.${q(name)} IS '${name.replaceAll("'", "''")}'`,
  ),
);

it.each(['a"b', "it's", 'select', '%I $1', 'old', 'new', 'excluded', 'Ünï', 'a.b', 'a\\b', LONG])(
  'a schema with the name %s is copied',
  (schema) =>
    copied(
      schema,
      `CREATE TYPE mood AS ENUM ('a');
       CREATE TABLE t (id serial PRIMARY KEY, m mood DEFAULT 'a', CHECK (m <> 'a'));
       CREATE FUNCTION f(m mood) RETURNS mood LANGUAGE sql IMMUTABLE RETURN m;
       CREATE INDEX ON t (f(m));
       CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
       CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW WHEN (new.id > old.id AND f(new.m) IS NOT NULL) EXECUTE FUNCTION g();
       CREATE TABLE log (id integer, m mood);
       CREATE RULE r AS ON INSERT TO t DO ALSO INSERT INTO log VALUES (new.id, f(new.m));
       CREATE VIEW v AS SELECT f(t.m) AS m FROM t JOIN log ON log.id = t.id`,
    ),
);

it('a schema with the name of its own table, of an alias and of a CTE is copied', () =>
  copied(
    'app',
    `CREATE TABLE app (id integer PRIMARY KEY, app integer, orders integer);
     CREATE TABLE orders (id integer, app integer REFERENCES app);
     CREATE TYPE kind AS ENUM ('x');
     CREATE VIEW by_name AS SELECT app.id, app.orders, o.id AS o FROM app, orders o WHERE app.id = o.app;
     CREATE VIEW by_alias AS SELECT app.id FROM orders app JOIN app a ON a.id = app.app;
     CREATE VIEW by_cte AS WITH app AS (SELECT id FROM orders) SELECT app.id, 'x'::kind AS k FROM app, orders
       WHERE (orders.app IS DISTINCT FROM app.id) AND extract(year FROM now()) > app.id;
     CREATE VIEW hidden AS WITH app AS (SELECT id FROM app), orders AS (SELECT 1 AS one) SELECT app.id, orders.one FROM app, orders;
     CREATE VIEW both_hidden AS WITH orders AS (SELECT app.id FROM app) SELECT app.id, o.app FROM app, app.orders o, orders;
     CREATE FUNCTION app(app app, k kind) RETURNS kind LANGUAGE sql BEGIN ATOMIC
       DELETE FROM orders USING app a WHERE a.id = orders.id; SELECT app.k; END;
     CREATE FUNCTION merged() RETURNS void LANGUAGE sql BEGIN ATOMIC
       MERGE INTO orders USING app ON app.id = orders.id WHEN MATCHED THEN UPDATE SET app = app.app WHEN NOT MATCHED THEN INSERT VALUES (app.id, 1);
       UPDATE orders SET app = app.id FROM app WHERE app.id = orders.app;
       INSERT INTO app (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET orders = excluded.orders + app.orders; END;
     CREATE POLICY p ON app USING (EXISTS (SELECT FROM orders WHERE orders.app = app.id));`,
    async (sql) => {
      await sql(`INSERT INTO "the ""copy".app VALUES (1, 2, 3), (4, 5, 6)`);
      await sql(`INSERT INTO "the ""copy".orders VALUES (7, 1)`);
      expect(await sql('SELECT * FROM "the ""copy".by_name')).toEqual([{ id: 1, orders: 3, o: 7 }]);
      expect(await sql('SELECT * FROM "the ""copy".hidden ORDER BY id')).toEqual([
        { id: 1, one: 1 },
        { id: 4, one: 1 },
      ]);
      expect(await sql('SELECT * FROM "the ""copy".both_hidden LIMIT 1')).toEqual([
        { id: 1, app: 1 },
      ]);
    },
  ));

it('a CTE with a table’s name does not hide the table in the copy', () =>
  copied(
    'source',
    `CREATE TABLE users (id integer);
     CREATE TABLE other (id integer);
     CREATE VIEW v AS WITH users AS (SELECT id + 100 AS id FROM users) SELECT u.id AS outer_id, c.id FROM source.users u, users c`,
    async (sql) => {
      await sql('INSERT INTO "the ""copy".users VALUES (1)');
      expect(await sql('SELECT * FROM "the ""copy".v')).toEqual([{ outer_id: 1, id: 101 }]);
    },
  ));

it('a literal with the schema’s name stays as it is', () =>
  copied(
    'source',
    `CREATE TABLE t (a text DEFAULT 'source.t', b text DEFAULT 'the schema in which this statement is applied, whatever it is called', c text DEFAULT E'"source".\\\\t');
     CREATE VIEW v AS SELECT 'SELECT * FROM source.t' AS a, '"the schema in which this statement is applied, whatever it is called".t' AS b FROM t;
     COMMENT ON TABLE t IS 'source.t is "source"."t"'`,
    async (sql) => {
      await sql('INSERT INTO "the ""copy".t DEFAULT VALUES');
      expect(await sql('SELECT * FROM "the ""copy".t')).toEqual([
        {
          a: 'source.t',
          b: 'the schema in which this statement is applied, whatever it is called',
          c: '"source".\\t',
        },
      ]);
      expect(await sql('SELECT * FROM "the ""copy".v')).toEqual([
        {
          a: 'SELECT * FROM source.t',
          b: '"the schema in which this statement is applied, whatever it is called".t',
        },
      ]);
    },
  ));

it('objects with names of pg_catalog are copied and not confused with them', () =>
  copied(
    'source',
    `CREATE TYPE source.text AS ENUM ('a');
     CREATE FUNCTION source.lower(source.text) RETURNS source.text LANGUAGE sql IMMUTABLE RETURN $1;
     CREATE FUNCTION source.length(pg_catalog.text) RETURNS integer LANGUAGE sql IMMUTABLE RETURN 7;
     CREATE COLLATION source."C" (PROVIDER = icu, LOCALE = 'und');
     CREATE TABLE source.pg_class (a source.text DEFAULT 'a', b pg_catalog.text COLLATE source."C", c pg_catalog.text COLLATE pg_catalog."C",
       CHECK (source.lower(a) = a), CHECK (source.length(b) = 7 AND pg_catalog.length(b) < 9));
     CREATE VIEW source.pg_type AS SELECT a FROM source.pg_class;
     CREATE FUNCTION source.int4pl(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE RETURN 42;
     CREATE OPERATOR source.+ (FUNCTION = source.int4pl, LEFTARG = integer, RIGHTARG = integer);
     CREATE VIEW source.sums AS SELECT 1 OPERATOR(source.+) 1 AS ours, 1 + 1 AS theirs, source.length('abc') AS l`,
    async (sql) => {
      expect(await sql('SELECT * FROM "the ""copy".sums')).toEqual([{ ours: 42, theirs: 2, l: 7 }]);
    },
  ));
