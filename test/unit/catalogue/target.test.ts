import { describe, expect, it } from 'vitest';
import { forTarget, retarget, TARGET, type Reading } from '../../../catalogue/target.js';

const source = {
  schema: 'app',
  hidden: new Set(['lower']),
  members: new Set(['citext', '->']),
  shared: new Set(['similarity']),
  hasOwnName: false,
};

const textOf = (text: string, reading: Reading = 'expression', own = false): string =>
  retarget(text, { ...source, hasOwnName: own }, reading).text.replaceAll(TARGET, '<>');

describe('the source schema’s name in a text', () => {
  it.each<[string, string, string]>([
    ['is left out', 'SELECT app.f(t.a) FROM app.t', 'SELECT f(t.a) FROM t'],
    ['is left out where it is quoted', 'FROM "app".t', 'FROM t'],
    ['stays in a literal', `'app.t'::text`, `'app.t'::text`],
    ['stays in a literal with a backslash', String.raw`E'\\\'app.t'`, String.raw`E'\\\'app.t'`],
    ['stays in a quoted name', '"app.t"', '"app.t"'],
    ['stays as a column', 'other.app.t', 'other.app.t'],
    ['stays before an extension’s object', 'x::app.citext', 'x::app.citext'],
    ['stays before an extension’s operator', 'a OPERATOR(app.->) b', 'a OPERATOR(app.->) b'],
    ['is kept for a name of pg_catalog', 'app.lower(x)', '<>.lower(x)'],
    [
      'is kept for a CTE’s name',
      'WITH t AS (SELECT 1) SELECT FROM app.t',
      'WITH t AS (SELECT 1) SELECT FROM <>.t',
    ],
    ['is kept for an operator', 'a OPERATOR(app.=) b', 'a OPERATOR(<>.=) b'],
    [
      'is left out in a constant of regclass',
      `nextval('app.s'::regclass)`,
      `nextval('s'::regclass)`,
    ],
    ['is left out in a quoted constant', `'app."it''s"'::regclass`, `'"it''s"'::regclass`],
  ])('%s', (_what, text, expected) => {
    expect(textOf(text)).toBe(expected);
  });

  it.each<[string, string, string]>([
    ['a column', 'SELECT app.t FROM t app', 'SELECT app.t FROM t app'],
    ['an item of FROM', 'SELECT app.t FROM app.t app, app.u', 'SELECT app.t FROM t app, u'],
    [
      'IS DISTINCT FROM',
      'SELECT (a IS DISTINCT FROM app.t) FROM b app',
      'SELECT (a IS DISTINCT FROM app.t) FROM b app',
    ],
    [
      'extract',
      'SELECT EXTRACT(year FROM app.t) FROM b app',
      'SELECT EXTRACT(year FROM app.t) FROM b app',
    ],
    [
      'a join in parentheses',
      'SELECT 1 FROM (app.t app JOIN app.u ON ((app.u = app.t)))',
      'SELECT 1 FROM (t app JOIN u ON ((app.u = app.t)))',
    ],
    ['a type', 'SELECT (app.x)::app.mood FROM b app', 'SELECT (app.x)::mood FROM b app'],
    [
      'DELETE USING',
      'DELETE FROM app.a USING app.t WHERE (app.t = 1)',
      'DELETE FROM a USING t WHERE (app.t = 1)',
    ],
  ])('is told apart from an alias of the same name: %s', (_what, text, expected) => {
    expect(textOf(text, 'expression', true)).toBe(expected);
  });

  it('is left out once before the object of a definition', () => {
    expect(textOf('CREATE INDEX app ON app.app USING btree (app.f(app))', 'definition', true)).toBe(
      'CREATE INDEX app ON app USING btree (f(app))',
    );
  });

  it('is a problem in a constant that cannot be changed, and in a name that an extension shares', () => {
    expect(retarget(`'app.f(integer)'::regprocedure`, source, 'expression').problem).toBe(
      `the constant 'app.f(integer)'`,
    );
    expect(retarget('app.similarity(a)', source, 'expression').problem).toBe(
      'similarity, which is an extension’s object and an object of the schema',
    );
  });
});

describe('a statement for a schema', () => {
  it('has the quoted name for the placeholder, but not in a literal or a body', () => {
    const sql = `SELECT ${TARGET}.a, '${TARGET}', $f$ ${TARGET} $f$`;
    expect(forTarget(sql, 'my "schema"')).toBe(
      `SELECT "my ""schema""".a, '${TARGET}', $f$ ${TARGET} $f$`,
    );
  });

  it('could name the placeholder by no object: it is longer than a name may be', () => {
    expect(Buffer.byteLength(TARGET) - 2).toBeGreaterThan(63);
  });
});
