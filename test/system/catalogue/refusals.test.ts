import { describe, expect, it } from 'vitest';
import { inPlace } from './copying.js';

const OUTSIDE = `CREATE SCHEMA other; CREATE TABLE other.t (id integer PRIMARY KEY);
  CREATE TYPE other.mood AS ENUM ('a'); CREATE FUNCTION other.f(integer) RETURNS integer LANGUAGE sql IMMUTABLE RETURN $1;
  CREATE FUNCTION other.g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE COLLATION other.c (PROVIDER = icu, LOCALE = 'und'); CREATE SEQUENCE other.s;
  CREATE FUNCTION other.eq(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN true;
  CREATE OPERATOR other.=== (FUNCTION = other.eq, LEFTARG = integer, RIGHTARG = integer);`;

describe('what cannot be copied is refused by name:', () => {
  it.each<[string, string, { kind: string; name: string; reason: string }]>([
    [
      'a type of another schema',
      'CREATE TABLE a (m other.mood)',
      { kind: 'table', name: 'a', reason: 'it refers to type other.mood' },
    ],
    [
      'a foreign key to another schema',
      'CREATE TABLE a (t integer REFERENCES other.t)',
      { kind: 'foreign key', name: 'a.a_t_fkey', reason: 'it refers to table other.t' },
    ],
    [
      'a view of a table of another schema',
      'CREATE VIEW a AS SELECT id FROM other.t',
      { kind: 'view', name: 'a', reason: 'it refers to table other.t' },
    ],
    [
      'a default from a sequence of another schema',
      `CREATE TABLE a (id integer DEFAULT nextval('other.s'))`,
      { kind: 'table', name: 'a', reason: 'it refers to sequence other.s' },
    ],
    [
      'an index on a function of another schema',
      'CREATE TABLE a (x integer); CREATE INDEX i ON a (other.f(x))',
      { kind: 'index', name: 'i', reason: 'it refers to function other.f(integer)' },
    ],
    [
      'a trigger that calls a function of another schema',
      'CREATE TABLE a (x integer); CREATE TRIGGER t AFTER INSERT ON a EXECUTE FUNCTION other.g()',
      { kind: 'trigger', name: 'a.t', reason: 'it refers to function other.g()' },
    ],
    [
      'a policy that uses another schema',
      'CREATE TABLE a (x integer); CREATE POLICY p ON a USING (x IN (SELECT id FROM other.t))',
      { kind: 'policy', name: 'a.p', reason: 'it refers to table other.t' },
    ],
    [
      'a collation of another schema',
      'CREATE TABLE a (x text COLLATE other.c)',
      { kind: 'table', name: 'a', reason: 'it refers to collation other.c' },
    ],
    [
      'an operator of another schema',
      'CREATE TABLE a (x integer CHECK (x OPERATOR(other.===) 1))',
      { kind: 'table', name: 'a', reason: 'it refers to operator other.===(integer,integer)' },
    ],
    [
      'a parent of another schema',
      'CREATE TABLE a () INHERITS (other.t)',
      { kind: 'table', name: 'a', reason: 'it refers to table other.t' },
    ],
    [
      'a child in another schema',
      'CREATE TABLE a (id integer) PARTITION BY LIST (id); CREATE TABLE other.p PARTITION OF a DEFAULT',
      {
        kind: 'partition',
        name: 'other.p',
        reason: 'its parent a is in this schema, and itself it is not',
      },
    ],
    [
      'a function in C',
      `CREATE FUNCTION a(integer) RETURNS integer LANGUAGE internal AS 'int4abs'`,
      {
        kind: 'function',
        name: 'a(integer)',
        reason: 'only a superuser may create a function in the language internal',
      },
    ],
    [
      'a function that sets what a superuser may set',
      `CREATE FUNCTION a() RETURNS void LANGUAGE sql SET session_replication_role = replica AS ''`,
      {
        kind: 'function',
        name: 'a()',
        reason: 'it sets session_replication_role, as only a superuser may',
      },
    ],
    [
      'a foreign table',
      'CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE a (x text) SERVER s',
      { kind: 'foreign table', name: 'a', reason: 'its rows are on another server' },
    ],
    [
      'an event trigger',
      `CREATE FUNCTION a() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER "on it" ON ddl_command_end EXECUTE FUNCTION a()`,
      {
        kind: 'event trigger',
        name: 'on it',
        reason: 'it calls a of this schema, and belongs to the database',
      },
    ],
    [
      'a publication of a table',
      'CREATE TABLE a (x integer); CREATE PUBLICATION pub FOR TABLE a',
      {
        kind: 'publication',
        name: 'pub',
        reason: 'it publishes a, and belongs to the database',
      },
    ],
    [
      'a publication of the schema',
      'CREATE PUBLICATION pub FOR TABLES IN SCHEMA source',
      {
        kind: 'publication',
        name: 'pub',
        reason: 'it publishes the schema, and belongs to the database',
      },
    ],
    [
      'a cast',
      `CREATE TYPE m AS ENUM ('a'); CREATE FUNCTION f(m) RETURNS integer LANGUAGE sql RETURN 1; CREATE CAST (m AS integer) WITH FUNCTION f(m)`,
      { kind: 'cast', name: '(m AS int4)', reason: 'casts are not copied' },
    ],
    [
      'a base type',
      'CREATE TYPE a',
      { kind: 'base type', name: 'a', reason: 'only a superuser may create a base type' },
    ],
    [
      'a text search configuration',
      'CREATE TEXT SEARCH CONFIGURATION a (COPY = simple)',
      {
        kind: 'text search configuration',
        name: 'a',
        reason: 'text search configurations are not copied',
      },
    ],
    [
      'a moving aggregate',
      'CREATE AGGREGATE a(integer) (SFUNC = int4pl, STYPE = integer, MSFUNC = int4pl, MINVFUNC = int4mi, MSTYPE = integer)',
      {
        kind: 'aggregate',
        name: 'a(integer)',
        reason:
          'only plain aggregates can be copied: no moving state, serialisation, sort operator or ordered set',
      },
    ],
    [
      'a constant with the schema’s name that cannot be changed',
      `CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql RETURN 1; CREATE TABLE a (x regprocedure DEFAULT 'f(integer)')`,
      {
        kind: 'table',
        name: 'a',
        reason: `it names the constant 'source.f(integer)'`,
      },
    ],
    [
      'views that need each other',
      'CREATE VIEW a AS SELECT 1 AS x; CREATE VIEW b AS SELECT x FROM a; CREATE OR REPLACE VIEW a AS SELECT x FROM b',
      { kind: 'view', name: 'b', reason: 'it and view a need each other' },
    ],
  ])('%s', (_what, text, refusal) =>
    inPlace(async ({ admin, make, read }) => {
      await admin.unsafe(OUTSIDE);
      await make('source', text);
      expect((await read('source')).refusals).toContainEqual(refusal);
    }),
  );
});

describe('what the copy has otherwise is noted by name:', () => {
  it.each<[string, string, { kind: string; name: string; text: string }]>([
    [
      'SECURITY DEFINER',
      `CREATE FUNCTION a(security integer) RETURNS void LANGUAGE sql SECURITY DEFINER AS ''`,
      {
        kind: 'function',
        name: 'a(security integer)',
        text: 'SECURITY DEFINER is left out: it runs with the caller’s rights',
      },
    ],
    [
      'LEAKPROOF',
      `CREATE FUNCTION a() RETURNS void LANGUAGE sql LEAKPROOF AS ''`,
      { kind: 'function', name: 'a()', text: 'LEAKPROOF is left out' },
    ],
    [
      'SUPPORT',
      `CREATE FUNCTION a(integer, integer) RETURNS SETOF integer LANGUAGE sql SUPPORT generate_series_int4_support AS 'SELECT 1'`,
      { kind: 'function', name: 'a(integer, integer)', text: 'SUPPORT is left out' },
    ],
    [
      'a body that names the schema',
      `CREATE FUNCTION a() RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM 1 FROM "source" . x; END'`,
      {
        kind: 'function',
        name: 'a()',
        text: 'its body names the schema source and is copied unchanged',
      },
    ],
    [
      'a search_path',
      `CREATE FUNCTION a() RETURNS void LANGUAGE sql SET search_path = source AS ''`,
      {
        kind: 'function',
        name: 'a()',
        text: 'its search_path is set; source in it becomes the copy’s schema',
      },
    ],
    [
      'a policy’s role',
      'CREATE TABLE t (x integer); CREATE POLICY p ON t TO pg_monitor, pg_read_all_data USING (true)',
      {
        kind: 'policy',
        name: 't.p',
        text: 'it is for pg_monitor, pg_read_all_data; in the copy it is for the role of the copy',
      },
    ],
    [
      'grants',
      'CREATE TABLE t (x integer); GRANT SELECT, INSERT ON t TO pg_monitor',
      { kind: 'grant', name: 'pg_monitor', text: '2 rights are not copied' },
    ],
    [
      'an index that is not valid',
      'CREATE TABLE t (x integer); CREATE INDEX i ON t (x)',
      { kind: 'index', name: 'i', text: 'it is not valid on the source: left out' },
    ],
  ])('%s', (_what, text, note) =>
    inPlace(async ({ admin, make, read, copy }) => {
      await admin.unsafe(OUTSIDE);
      await make('source', text);
      // As a failed CREATE INDEX CONCURRENTLY leaves it.
      if (note.kind === 'index')
        await admin.unsafe(
          `UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'source.i'::regclass`,
        );
      const reading = await read('source');
      expect(reading.notes).toContainEqual(note);
      // A note is no refusal: the copy can be made.
      expect(reading.refusals).toEqual([]);
      await copy(reading, 'copy');
    }),
  );
});
