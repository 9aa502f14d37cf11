import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { classify } from '../../../discord/guild-of-event.js';
import { classifyFast, scanGuild } from '../../../discord/guild-scan.js';
import { corpus } from '../../../fixtures/events/index.js';
import { guild } from '../../support/ids.js';

const ids = {
  guild: guild(1),
  otherGuild: guild(2),
  user: '200000000000000001',
  channel: '300000000000000001',
};
const events = corpus(ids).map((event) => ({ ...event, bytes: Buffer.from(event.payload) }));

/** The scan may leave a broken document to JSON.parse. It must never give another answer. */
function expectSame(bytes: Uint8Array): void {
  const scanned = scanGuild(bytes);
  const reference = classify(bytes);
  const { kind } = classifyFast(bytes);
  const same =
    scanned === null ? reference.kind === 'malformed' : isDeepStrictEqual(scanned, reference);
  // Runs a hundred thousand times: `expect` alone would take most of the time.
  if (same && kind === reference.kind) return;
  const shown = Buffer.from(bytes.subarray(0, 1_000)).toString('latin1');
  if (scanned === null) expect(reference.kind, shown).toBe('malformed');
  else expect(scanned, shown).toEqual(reference);
  expect(kind, shown).toBe(reference.kind);
}

describe('the byte scan agrees with JSON.parse', () => {
  it('for every event of the corpus, and reports the error of JSON.parse for broken ones', () => {
    for (const { bytes } of events) {
      expectSame(bytes);
      if (bytes.length <= 65_536) expect(classifyFast(bytes)).toEqual(classify(bytes));
    }
  });

  it('for every cut of every short event of the corpus', () => {
    for (const { bytes } of events) {
      if (bytes.length > 400) continue;
      for (let end = 0; end < bytes.length; end++) expectSame(bytes.subarray(0, end));
    }
  });

  const G = guild(1);
  it.each([
    ['a key with an escape', String.raw`{"guild\u005fid":"${G}"}`],
    ['an escaped key inside d', String.raw`{"d":{"\u0067uild_id":"${G}"}}`],
    ['an escaped id', String.raw`{"guild_id":"\u0031${G.slice(1)}"}`],
    ['an escaped type', String.raw`{"t":"\u0052EADY","guild_id":"${G}"}`],
    ['a repeated guild', `{"guild_id":"${guild(2)}","guild_id":"${G}"}`],
    ['a repeated guild that ends as null', `{"guild_id":"${G}","guild_id":null,"d":{}}`],
    ['a repeated d', `{"d":{"guild_id":"${G}"},"d":{}}`],
    ['a repeated d that ends as a list', `{"d":{"guild_id":"${G}"},"d":[]}`],
    [
      'a repeated d, the first a list',
      `{"d":[{"guild_id":"${guild(2)}"}],"d":{"guild_id":"${G}"}}`,
    ],
    ['a d inside d', `{"d":{"d":{"guild_id":"${G}"}}}`],
    ['a d inside a list', `[{"d":{"guild_id":"${G}"}}]`],
    ['a guild behind a nested d', `{"d":{"x":{"y":[]},"guild_id":"${G}"}}`],
    ['white space everywhere', ` \n{ "d"\t: \r{ "guild_id" : "${G}" } } \n`],
    ['no white space of JSON', `\u00a0{"guild_id":"${G}"}`],
    ['lone surrogates', String.raw`{"x":"\ud800","guild_id":"${G}"}`],
    ['a long s in the type', `{"t":"uſer_update","guild_id":"${G}"}`],
    ['a type that is no text', `{"t":1,"event_type":"READY","guild_id":"${G}"}`],
    ['a guild of its own, null id', `{"t":"GUILD_UPDATE","d":{"id":null,"guild_id":"${G}"}}`],
    ['a guild of its own, numeric id', `{"t":"GUILD_UPDATE","d":{"id":1,"guild_id":"${G}"}}`],
    ['a guild of its own in d as a list', `{"t":"GUILD_UPDATE","d":["id"]}`],
    ['the prototype', `{"__proto__":{"guild_id":"${G}"},"d":{"__proto__":{"guild_id":"${G}"}}}`],
    ['an object for the guild', `{"guild_id":{"guild_id":"${G}"},"d":{"guild_id":"${G}"}}`],
    ['false for the guild', `{"guild_id":false,"d":{"guild_id":"${G}"}}`],
    ['every number', `{"a":[0,-0,1.5,-1e5,1E+5,12e-3,0.0],"guild_id":"${G}"}`],
    ['the highest snowflake', '{"guild_id":"18446744073709551615"}'],
    ['one too high', '{"guild_id":"18446744073709551616"}'],
    ['a closing bracket of the other kind', `{"guild_id":"${G}","a":[}]`],
    ['a delete character', `{"a":"\u007f","guild_id":"${G}"}`],
  ])('for %s', (_name, document) => {
    expectSame(Buffer.from(document));
  });

  it('for nesting deeper than any stack', () => {
    const deep = 100_000;
    const whole = `{"a":${'[{"b":'.repeat(deep)}1${'}]'.repeat(deep)},"guild_id":"${G}"}`;
    expect(scanGuild(Buffer.from(whole))).toEqual({ kind: 'guild', guildId: G });
    expectSame(Buffer.from(whole.slice(0, -deep)));
  });

  it('for megabytes without calling it: the pause would make two routers replace each other for ever', () => {
    const parse = vi.spyOn(JSON, 'parse');
    const depth = 1_000_000;
    const nested = `${'['.repeat(depth)}${']'.repeat(depth)}`;
    try {
      for (const [document, kind] of [
        [`{"a":${'['.repeat(2 * depth)}`, 'malformed'],
        [`{"a":${nested}}x`, 'malformed'],
        [nested, 'malformed'],
        [String.raw`{"guild\u005fid":"${G}","x":${nested}}`, 'guild'],
        [
          String.raw`{"${'\\u0061'.repeat(300_000)}":1,"t":"${'\\u0061'.repeat(300_000)}"}`,
          'production',
        ],
      ] as const)
        expect(classifyFast(Buffer.from(document)).kind).toBe(kind);
      expect(parse.mock.calls.every(([text]) => text.length <= 130)).toBe(true);
    } finally {
      parse.mockRestore();
    }
  });

  it('for bytes that are not UTF-8, inside strings and outside', () => {
    for (const bad of [
      '80',
      'c3',
      'e282',
      'f09f98',
      'ff',
      'c0af',
      'eda080',
      'f4908080',
      'efbbbf',
    ]) {
      for (const [before, after] of [
        ['{"x":"', `","guild_id":"${G}"}`],
        ['{"guild_id":"', `${G}"}`],
        ['{"guild_id', `":"${G}"}`],
        ['{"t":"R', `EADY","guild_id":"${G}"}`],
        [`{"guild_id":"${G}"`, '}'],
        ['', `{"guild_id":"${G}"}`],
      ] as const) {
        expectSame(
          Buffer.concat([Buffer.from(before), Buffer.from(bad, 'hex'), Buffer.from(after)]),
        );
      }
    }
  });

  it('for generated documents with the decisive keys at every depth', () => {
    const key = fc.constantFrom('d', 't', 'guild_id', 'id', 'event_type', 'x', 'guild\\u005fid');
    const leaf = fc.constantFrom(
      ...[
        `"${G}"`,
        `"${guild(2)}"`,
        'null',
        '""',
        '1',
        '-1.5e3',
        'true',
        'false',
        '"GUILD_CREATE"',
      ],
      ...['"READY"', '"user.update"', String.raw`"a\"b\\"`, '"\u00e9\u{1f600}"', '{}', '[]'],
    );
    const { document } = fc.letrec<{ document: string; value: string }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 5, depthSize: 'medium' },
        leaf,
        tie('document'),
        fc.array(tie('value'), { maxLength: 3 }).map((list) => `[${list.join(',')}]`),
      ),
      document: fc
        .array(fc.tuple(key, tie('value')), { maxLength: 6 })
        .map((list) => `{${list.map(([k, v]) => `"${k}": ${v}`).join(' ,')}}`),
    }));
    fc.assert(
      fc.property(document, (text) => {
        expectSame(Buffer.from(text));
      }),
      { numRuns: 3_000 },
    );
  });

  it('for events of the corpus with bytes changed, added and removed', () => {
    const short = events.filter(({ bytes }) => bytes.length < 2_000);
    const bytes = fc.oneof(
      fc.constantFrom(...Buffer.from('{}[]",:\\ \n0123456789-+.eEtrufalsn')),
      fc.nat({ max: 255 }),
    );
    const change = fc.tuple(fc.nat(), bytes, fc.constantFrom(0, 1, 2));
    fc.assert(
      fc.property(
        fc.nat({ max: short.length - 1 }),
        fc.array(change, { minLength: 1, maxLength: 4 }),
        (index, changes) => {
          let changed = Buffer.from(short[index]!.bytes);
          for (const [where, byte, removed] of changes) {
            const at = where % (changed.length + 1);
            changed = Buffer.concat([
              changed.subarray(0, at),
              Buffer.from([byte]),
              changed.subarray(at + removed),
            ]);
          }
          expectSame(changed);
        },
      ),
      { numRuns: 5_000 },
    );
  });
});
