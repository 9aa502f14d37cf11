/** JSON with a key twice in one object. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasRepeatedKey } from '../../../api/repeated-key.js';

/** JSON as its writer wrote it: entries in order, and a key as text, which may use escapes. */
type Written =
  | { readonly text: string }
  | { readonly list: readonly Written[] }
  | { readonly entries: readonly (readonly [key: string, value: Written])[] };

const SPACES = fc.constantFrom('', ' ', '\n', '\t\r\n ');
const KEY = fc.constantFrom(
  ...['a', 'b', '\\u0061', '\\u0062', 'A', '', ' ', 'a:', '\\"', '\\\\', '\\\\\\"', '{', '}', 'ä'],
  ...['__proto__', 'constructor', '\\u00e4', '\\n', '😀', '\\ud83d\\ude00', ','],
);
const TEXT = fc.oneof(
  fc.constantFrom('0', '-1.5e+3', 'true', 'null', '{}', '[]'),
  fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
  KEY.map((key) => `"${key}"`),
);

const { tree } = fc.letrec<{ tree: Written }>((self) => ({
  tree: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    TEXT.map((text): Written => ({ text })),
    fc.array(self('tree'), { maxLength: 4 }).map((list): Written => ({ list })),
    fc
      .array(fc.tuple(KEY, self('tree')), { maxLength: 4 })
      .map((entries): Written => ({ entries })),
  ),
}));

function write(value: Written, space: string): string {
  if ('text' in value) return value.text;
  const joined = (parts: readonly string[]): string =>
    `${space}${parts.join(`${space},${space}`)}${space}`;
  if ('list' in value) return `[${joined(value.list.map((one) => write(one, space)))}]`;
  const entries = value.entries.map(
    ([key, one]) => `"${key}"${space}:${space}${write(one, space)}`,
  );
  return `{${joined(entries)}}`;
}

function repeats(value: Written): boolean {
  if ('text' in value) return false;
  if ('list' in value) return value.list.some(repeats);
  const keys = value.entries.map(([key]) => JSON.parse(`"${key}"`) as string);
  return new Set(keys).size < keys.length || value.entries.some(([, one]) => repeats(one));
}

describe('a key twice in one object', () => {
  it('is found wherever it is, and nowhere else', () => {
    let [with_, without] = [0, 0];
    fc.assert(
      fc.property(tree, SPACES, (value, space) => {
        const json = write(value, space);
        JSON.parse(json);
        if (repeats(value)) with_ += 1;
        else without += 1;
        expect(hasRepeatedKey(json)).toBe(repeats(value));
      }),
      { numRuns: 3_000 },
    );
    expect([with_ > 100, without > 100]).toEqual([true, true]);
  });

  it('is in nothing that JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(hasRepeatedKey(json)).toBe(false);
        expect(hasRepeatedKey(JSON.stringify(JSON.parse(json), null, 2))).toBe(false);
      }),
    );
  });

  it.each([
    ['in one object', '{"a":1,"b":2,"a":1}', true],
    ['with the same value', '{"a":1,"a":1}', true],
    ['with an escape', '{"a":1,"\\u0061":2}', true],
    ['deep inside', '[{"b":[{"c":{"a":1, "a" :2}}]}]', true],
    ['after an inner object', '{"a":{"b":1},"a":2}', true],
    ['in two objects', '[{"a":1},{"a":2}]', false],
    ['in an object and an inner one', '{"a":{"a":{"a":1}}}', false],
    ['as a key and a value', '{"a":"a","b":"a"}', false],
    ['inside a text', '{"a":"{\\"a\\":1,\\"a\\":2}"}', false],
  ])('%s: %s is %s', (_where, json, found) => {
    expect(hasRepeatedKey(json)).toBe(found);
  });

  it.each([
    ['deep nesting', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
    ['a long text', JSON.stringify({ name: '\\"'.repeat(250_000) })],
    ['many keys', JSON.stringify(Object.fromEntries(Array(60_000).entries()))],
  ])('costs little in 1 MiB of %s', (_what, json) => {
    const began = process.cpuUsage();
    expect(hasRepeatedKey(json)).toBe(false);
    const { user, system } = process.cpuUsage(began);
    expect((user + system) / 1_000).toBeLessThan(500);
  });
});
