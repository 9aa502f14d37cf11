/** What the HTTP client refuses before it sends a request. */
import { describe, expect, it } from 'vitest';
import { batchesOf } from '../../../client/batches.js';
import { grantWishes, sandboxWishes, tokenWishes } from '../../../client/wishes.js';
import type { EventToEmit } from '../../../domain/events.js';
import { parseSandboxId } from '../../../domain/names.js';

const GUILD = '1000000000000000001';
const refused = (text: string) =>
  expect.objectContaining({
    code: 'SANDBOX_008',
    message: expect.stringContaining(text) as string,
  }) as unknown;

describe('a wish for a sandbox', () => {
  it('sends only what was given', () => {
    expect(sandboxWishes({})).toEqual({ guildIds: [] });
    const all = { owner: 'ada', name: 'box', ttl: '2h', template: 'team', guildIds: [GUILD] };
    expect(sandboxWishes(all)).toEqual(all);
  });

  it.each([
    [{ owner: '' }, 'owner'],
    [{ name: 'Not A Name' }, 'name'],
    [{ ttl: 'soon' }, 'TTL'],
    [{ template: 'Team' }, 'template'],
    [{ guildIds: ['x'] }, 'guild'],
    [{ sandboxId: parseSandboxId('sb0000000001') }, 'an id of your choice is not possible'],
  ])('is refused with %j', (options, text) => {
    expect(() => sandboxWishes(options)).toThrow(refused(text));
  });
});

describe('a wish for a token', () => {
  it('is of a person who is a developer, unless it says otherwise', () => {
    expect(tokenWishes({ scopes: ['sandbox:read'] })).toEqual({
      ...{ kind: 'person', role: 'developer', scopes: ['sandbox:read'] },
    });
    const all = {
      owner: 'ada',
      name: 'ci',
      ttl: '30d',
      role: 'operator',
      kind: 'service',
    } as const;
    expect(tokenWishes({ ...all, scopes: ['sandbox:read'] })).toEqual({
      ...all,
      scopes: ['sandbox:read'],
    });
    const bound = { kind: 'sandbox', sandbox: 'box', scopes: ['sandbox:read'] } as const;
    expect(tokenWishes(bound)).toEqual({ ...bound, role: 'developer' });
  });

  it.each<[object, string]>([
    [{ kind: 'robot' }, 'kind'],
    [{ role: 'king' }, 'role'],
    [{ scopes: ['sandbox:fly'] }, 'scope'],
    [{ scopes: [] }, 'a token needs at least one scope'],
    [{ kind: 'service' }, "a service's token needs a life span"],
    [{ ttl: '91d' }, 'TTL'],
    [{ owner: '' }, 'owner'],
  ])('is refused with %j', (options, text) => {
    expect(() => tokenWishes({ scopes: ['sandbox:read'], ...options })).toThrow(refused(text));
  });
});

describe('a wish for a grant', () => {
  it('has an end only where one is given', () => {
    const grant = { guildId: GUILD, owner: 'ada' };
    expect(grantWishes(grant)).toEqual(grant);
    expect(grantWishes({ ...grant, until: '2030-01-31' })).toEqual({
      ...grant,
      until: '2030-01-31T00:00:00.000Z',
    });
    for (const until of ['tomorrow', '2030-02-31T25:00Z'])
      expect(() => grantWishes({ ...grant, until })).toThrow(refused('end'));
  });
});

describe('batches of events', () => {
  const event = (text: string): EventToEmit => ({ type: 'X', data: { text } }) as never;
  const sizes = (events: EventToEmit[]): number[] => [...batchesOf(events)].map((b) => b.length);

  it('have at most 1,000 events', () => {
    expect(sizes([])).toEqual([]);
    expect(sizes(Array.from({ length: 2_001 }, () => event('')))).toEqual([1_000, 1_000, 1]);
  });

  it('have at most a million bytes, and a larger event is alone', () => {
    const half = event('x'.repeat(499_900));
    expect(sizes([half, half, half])).toEqual([2, 1]);
    const large = event('ü'.repeat(600_000));
    expect(sizes([half, large, half])).toEqual([1, 1, 1]);
  });
});
