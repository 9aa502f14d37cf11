import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide, oversize, remembering, subjectMatcher } from '../../../routing/destination.js';
import { carriedHeaders, carriedToDlq, chained } from '../../../routing/event-headers.js';
import { classify } from '../../../discord/guild-of-event.js';
import type { SandboxId } from '../../../domain/names.js';
import { DEFAULT_PRODUCTION_SUBJECTS } from '../../../domain/routing-settings.js';
import { routedSubjects } from '../../../routing/subjects.js';
import { placeOfReply } from '../../../router/wire/delivery-place.js';
import { guild, sandbox } from '../../system/router/routes.js';

const event = (document: unknown): ReturnType<typeof classify> =>
  classify(Buffer.from(JSON.stringify(document)));
const G = guild(1);
const ofG = { kind: 'guild', guildId: G };
const production = { kind: 'production' };

describe('the guild of an event', () => {
  it.each([
    ['gateway shape', { t: 'MESSAGE_CREATE', s: 1, op: 0, d: { guild_id: G } }, ofG],
    ['flat shape', { event_type: 'guild.join', guild_id: G, data: {} }, ofG],
    ['the guild itself', { t: 'GUILD_DELETE', d: { id: G, unavailable: true } }, ofG],
    ['top level wins', { guild_id: G, d: { guild_id: guild(2) } }, ofG],
    ['a null at the top falls through', { guild_id: null, d: { guild_id: G } }, ofG],
    ['a DM', { t: 'MESSAGE_CREATE', d: { channel_id: G } }, production],
    [
      'a reply to another guild',
      { t: 'MESSAGE_CREATE', d: { message_reference: { guild_id: G } } },
      production,
    ],
    ['READY', { t: 'READY', guild_id: G, d: { guild_id: G } }, production],
    ['a flat user.update', { event_type: 'user.update', guild_id: G }, production],
    ['a number', { guild_id: 123_456_789_012_345 }, production],
    ['an empty id', { guild_id: '' }, production],
    ['an id that is no snowflake', { guild_id: '12345678901234567x' }, production],
    ['an id past 2^64', { guild_id: '18446744073709551616' }, production],
    ['id of a message that is no guild', { t: 'MESSAGE_CREATE', d: { id: G } }, production],
  ])('%s', (_name, document, expected) => {
    expect(event(document)).toEqual(expected);
  });

  it('counts the last of a repeated key, as JSON.parse does', () => {
    const text = `{"guild_id":"${guild(2)}","guild_id":"${G}"}`;
    expect(classify(Buffer.from(text))).toEqual(ofG);
  });

  it.each(['', ' ', '[]', 'null', '"x"', '{', '{"a":1}x', `{"guild_id":"${G}"`, '\u{feff}{}'])(
    '%j is malformed',
    (text) => {
      expect(classify(Buffer.from(text)).kind).toBe('malformed');
    },
  );

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        (bytes) => typeof classify(bytes).kind === 'string',
      ),
    );
  });
});

describe('the destination', () => {
  const rules = {
    covers: subjectMatcher(routedSubjects(DEFAULT_PRODUCTION_SUBJECTS)),
    sandboxOf: (id: string) => (id === G ? sandbox(1) : undefined),
    isAddressee: (id: string) => id === sandbox(3),
  };
  const to = (subject: string, document: unknown): string =>
    decide(rules, subject, event(document)).subject;

  it.each([
    ['events.raw.MESSAGE_CREATE', { guild_id: G }, `sandbox.${sandbox(1)}.events.MESSAGE_CREATE`],
    ['events.raw.guild.join', { guild_id: G }, `sandbox.${sandbox(1)}.events.guild.join`],
    ['events.raw.no.such.family', { guild_id: G }, `sandbox.${sandbox(1)}.events.no.such.family`],
    ['commands.raw.interaction', { guild_id: G }, `sandbox.${sandbox(1)}.commands.interaction`],
    ['events.raw.MESSAGE_CREATE', { guild_id: guild(2) }, 'events.MESSAGE_CREATE'],
    ['commands.raw.interaction.create', {}, 'commands.interaction.create'],
    ['events.raw.READY', { guild_id: G }, 'events.READY'],
    ['events.raw.raw.x', { guild_id: G }, 'dlq.raw'],
    ['events.raw.raw', { guild_id: G }, 'dlq.raw'],
    ['events.raw.rawest', {}, 'events.rawest'],
    ['events.raw.no.such.family', {}, 'dlq.uncovered'],
    ['events.other', {}, 'dlq.subject'],
    ['events.raw.', {}, 'dlq.subject'],
    ['events.raw.A', [], 'dlq.malformed'],
    ...[{ guild_id: G }, {}, { t: 'READY', guild_id: G }].flatMap(
      (document): [string, unknown, string][] => [
        [`events.raw.for.${sandbox(3)}.A`, document, `sandbox.${sandbox(3)}.events.A`],
        [`commands.raw.for.${sandbox(3)}.a.b`, document, `sandbox.${sandbox(3)}.commands.a.b`],
        [`events.raw.for.${sandbox(3)}.READY`, document, `sandbox.${sandbox(3)}.events.READY`],
        // The one that has the guild does not take addressed events.
        [`events.raw.for.${sandbox(1)}.A`, document, 'dlq.addressee'],
      ],
    ),
    [`events.raw.for.${sandbox(3)}.A`, [], 'dlq.malformed'],
    [`events.raw.for.${sandbox(3)}.raw`, {}, 'dlq.raw'],
    [`events.raw.for.${sandbox(3)}.raw.A`, {}, 'dlq.raw'],
    [`events.raw.for.${sandbox(3)}`, {}, 'dlq.addressee'],
    ['events.raw.for', {}, 'dlq.addressee'],
    ['events.raw.for.A', {}, 'dlq.addressee'],
    ['events.raw.for.my-fix.A', {}, 'dlq.addressee'],
    [`events.raw.for.${sandbox(3).toUpperCase()}.A`, {}, 'dlq.addressee'],
    [`events.raw.for.${sandbox(3)}x.A`, {}, 'dlq.addressee'],
    ['events.raw.forum', { guild_id: G }, `sandbox.${sandbox(1)}.events.forum`],
  ])('%s %j → %s', (subject, document, expected) => {
    expect(to(subject, document)).toBe(expected);
  });

  it('is the same where it is remembered, also when a mapping has changed', () => {
    const types = [
      ...['A', 'guild.join', 'READY', 'user.update', 'raw', 'raw.x', 'no.such.x', ''],
      ...['for', `for.${sandbox(1)}`, `for.${sandbox(1)}.A`, `for.${sandbox(2)}.raw`, 'for.x.A'],
    ];
    const subjects = [
      ...types.flatMap((type) => [`events.raw.${type}`, `commands.raw.${type}`]),
      'events.A',
      'x',
    ];
    const table = new Map<string, SandboxId>();
    const own = {
      ...rules,
      sandboxOf: (id: string) => table.get(id),
      isAddressee: (id: string) => table.get(G) === id,
    };
    const destinationOf = remembering(own);
    const documents = [
      { guild_id: G },
      { guild_id: guild(2) },
      {},
      [],
      { t: 'READY', guild_id: G },
    ];
    for (const mapped of [null, sandbox(1), sandbox(2), null, sandbox(1)]) {
      if (mapped === null) table.delete(G);
      else table.set(G, mapped);
      for (const subject of subjects) {
        for (const document of documents)
          expect(destinationOf(subject, event(document))).toEqual(
            decide(own, subject, event(document)),
          );
      }
    }
  });

  it('is the same behind more subjects and sandboxes than are remembered', () => {
    let holder = sandbox(1);
    const own = {
      covers: subjectMatcher(['events.*']),
      sandboxOf: () => holder,
      isAddressee: () => false,
    };
    const destinationOf = remembering(own);
    const expectSame = (subject: string, guildId: string | null): void => {
      const found = event({ guild_id: guildId });
      expect(destinationOf(subject, found)).toEqual(decide(own, subject, found));
    };
    const rounds = Array.from({ length: 5_000 }, (_, n) => n);
    for (const n of rounds) expectSame(`events.raw.TYPE_${n}`, null);
    for (const n of rounds) {
      holder = sandbox(n);
      expectSame('events.raw.TYPE', G);
    }
    for (const n of [0, 1, 4_095, 4_096, 4_999]) expectSame(`events.raw.TYPE_${n}`, G);
  });

  it('matches wildcards as the server does', () => {
    const covers = subjectMatcher(['a.*', 'b.>', 'c']);
    expect(['a.x', 'b.x', 'b.x.y', 'c'].every(covers)).toBe(true);
    expect(['a', 'a.x.y', 'b', 'c.x', 'd'].some(covers)).toBe(false);
  });

  it('knows what ROUTED would refuse', () => {
    const limits = { maxPayload: 1_000_000, maxControlLine: 4_096 };
    const fine = { subject: 'a'.repeat(3_840), headerBytes: 65_535, payloadBytes: 900_000 };
    expect(oversize(fine, limits)).toBeNull();
    expect(oversize({ ...fine, headerBytes: 65_536 }, limits)).toMatch(/64 KiB/);
    expect(oversize({ ...fine, payloadBytes: 940_000 }, limits)).toMatch(/max_payload/);
    expect(oversize({ ...fine, subject: 'é'.repeat(1_921) }, limits)).toMatch(/control line/);
  });
});

describe('headers', () => {
  const block = (text: string): Buffer => Buffer.from(`NATS/1.0\r\n${text}\r\n\r\n`, 'latin1');
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

  it('stay as they are, byte for byte', () => {
    const own =
      'A:1\r\na: 2 \r\nA: \xff\xfe\r\nX-Nats-Y: z\r\nRaw-Sequence: 1\r\nB: Nats-Msg-Id: 1';
    expect(text(carriedHeaders(block(own)))).toBe(`NATS/1.0\r\n${own}\r\n`);
  });
  it('are renamed where the server would obey them', () => {
    const own = 'Nats-Msg-Id: 1\r\nRaw-Seq: 7\r\nDlq-Reason: mine';
    expect(text(carriedHeaders(block(own)))).toBe(
      'NATS/1.0\r\nSandbox-Origin-Nats-Msg-Id: 1\r\nSandbox-Origin-Raw-Seq: 7\r\nDlq-Reason: mine\r\n',
    );
    expect(text(carriedToDlq(block(own), { detail: 'a\r\nNats-X: 1', subject: 's' }))).toContain(
      'Sandbox-Origin-Dlq-Reason: mine\r\nDlq-Reason: a Nats-X: 1\r\nDlq-Subject: s\r\n',
    );
  });
  it.each([
    ['NATS/1.0\r\nA: 1\r\n\r\n', 'NATS/1.0\r\nA: 1\r\n'],
    ['NATS/1.0\r\nA: 1\r\n', 'NATS/1.0\r\nA: 1\r\n'],
    ['NATS/1.0\r\nA: 1', 'NATS/1.0\r\nA: 1\r\n'],
    ['NATS/1.0', 'NATS/1.0\r\n'],
    ['', 'NATS/1.0\r\n'],
  ])('of %j are open for the chain’s own lines, and no line of theirs is lost', (given, open) => {
    expect(text(carriedHeaders(Buffer.from(given, 'latin1')))).toBe(open);
  });
  it('end with the chain', () => {
    expect(text(chained(carriedHeaders(null), 7, 9))).toBe(
      'NATS/1.0\r\nNats-Expected-Last-Sequence: 7\r\nRaw-Seq: 9\r\n\r\n',
    );
  });
});

describe('the subject of a delivery', () => {
  it('is read in both of its forms', () => {
    const expected = { rawSequence: 22, consumerSequence: 33, pending: 55 };
    expect(placeOfReply('$JS.ACK.RAW.c.1.22.33.44.55')).toEqual(expected);
    expect(placeOfReply('$JS.ACK.hub.acc.RAW.c.1.22.33.44.55')).toEqual(expected);
    expect(placeOfReply('$JS.ACK._.acc.RAW.c.1.22.33.44.55.token')).toEqual(expected);
  });
});
