import { describe, expect, it } from 'vitest';
import { classify } from '../../../discord/guild-of-event.js';
import type { SandboxId } from '../../../domain/names.js';
import { DEFAULT_PRODUCTION_SUBJECTS } from '../../../domain/routing-settings.js';
import { decide, oversize, remembering, subjectMatcher } from '../../../routing/destination.js';
import { routedSubjects } from '../../../routing/subjects.js';
import { guild, sandbox } from '../../support/ids.js';

const event = (document: unknown): ReturnType<typeof classify> =>
  classify(Buffer.from(JSON.stringify(document)));
const G = guild(1);

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
        // The sandbox that has the guild does not take addressed events.
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

  it('is the same with and without the cache, also after a mapping has changed', () => {
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

  it('is the same beyond the size of the cache', () => {
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

  it('detects events that ROUTED would refuse', () => {
    const limits = { maxPayload: 1_000_000, maxControlLine: 4_096 };
    const fine = { subject: 'a'.repeat(3_840), headerBytes: 65_535, payloadBytes: 900_000 };
    expect(oversize(fine, limits)).toBeNull();
    expect(oversize({ ...fine, headerBytes: 65_536 }, limits)).toMatch(/64 KiB/);
    expect(oversize({ ...fine, payloadBytes: 940_000 }, limits)).toMatch(/max_payload/);
    expect(oversize({ ...fine, subject: 'é'.repeat(1_921) }, limits)).toMatch(/control line/);
  });
});
