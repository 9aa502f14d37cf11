/** Why a schema makes no template. */
import { describe, expect, it } from 'vitest';
import {
  refuseDifferences,
  refuseRefusals,
  refuseSource,
} from '../../../activities/template-refusals.js';
import type { SchemaReading, Statement } from '../../../catalogue/statement.js';

const table = (name: string, sql = `CREATE TABLE "${name}" ()`): Statement => ({
  ...{ phase: 'graph', kind: 'table', name, sql },
});
const reading = (statements: readonly Statement[], refused: readonly string[] = []) =>
  ({
    ...{ statements, requires: { extensions: [] }, notes: [] },
    refusals: refused.map((name) => ({ kind: 'cast', name, reason: 'casts are not copied' })),
  }) satisfies SchemaReading;
const refusal = (message: string) =>
  expect.objectContaining({ code: 'SANDBOX_008', message }) as unknown;

describe('a schema', () => {
  it.each(['sandbox_sb0000000001', 'pg_catalog', 'bd_keeper_x', 'information_schema'])(
    '%s is refused: it is not a team’s own',
    (schema) => {
      const why = 'it belongs to a sandbox, to the server or to the control plane';
      const error = refusal(`schema ${schema} makes no template: ${why}`);
      expect(() => refuseSource(schema, false)).toThrow(error);
    },
  );

  it('public is refused only in the database of the control plane', () => {
    const why = 'in this database it holds the control plane';
    expect(() => refuseSource('public', true)).toThrow(
      refusal(`schema public makes no template: ${why}`),
    );
    expect(() => refuseSource('public', false)).not.toThrow();
  });

  it.each(['app', 'sandbox', 'information_schema2'])('%s is accepted', (schema) => {
    expect(() => refuseSource(schema, true)).not.toThrow();
  });
});

describe('objects that cannot be carried', () => {
  it('are named with their reason, five of them in the message and all in the details', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const given = reading([], names);
    const shown = names.slice(0, 5).map((name) => `cast ${name}: casts are not copied`);
    const message = `schema app cannot be copied: ${shown.join('; ')}; and 2 more`;
    expect(() => refuseRefusals(given, 'schema app')).toThrow(
      expect.objectContaining({ message, details: { refusals: given.refusals } }),
    );
  });

  it('are no reason where there are none', () => {
    expect(() => refuseRefusals(reading([table('a')]), 'schema app')).not.toThrow();
  });
});

describe('a copy', () => {
  it('may have the same objects in another order', () => {
    const [a, b] = [table('a'), table('b')];
    expect(() => refuseDifferences(reading([a, b]), reading([b, a]))).not.toThrow();
  });

  it('that lacks an object, has more, or has another definition, is refused by name', () => {
    const [a, b, c] = [table('a'), table('b'), table('c')];
    const changed = table('c', 'CREATE UNLOGGED TABLE "c" ()');
    expect(() => refuseDifferences(reading([a, c]), reading([b, changed]))).toThrow(
      expect.objectContaining({
        code: 'SANDBOX_008',
        message: 'the copy differs from the schema: table a; table c; table b',
        details: { missing: [a, c], more: [b, changed] },
      }),
    );
    expect(() => refuseDifferences(reading([a]), reading([a, b]))).toThrow(
      refusal('the copy differs from the schema: table b'),
    );
  });
});
