/** Which sessions of simulated Discord's gateway receive what happens in the world. */
import { expect, it, onTestFinished } from 'vitest';
import { INTENT } from '../../../discord/intents.js';
import type { Session } from '../../../edge/simulated/gateway/session.js';
import { Sessions } from '../../../edge/simulated/gateway/sessions.js';
import { World, type Application } from '../../../edge/simulated/world/world.js';

interface Event {
  readonly t: string;
  readonly s: number;
  readonly d: Readonly<Record<string, unknown>>;
}

const ALL = INTENT.guilds | INTENT.guildMembers;

function start(limits: { bufferedEvents?: number; bufferedBytes?: number } = {}) {
  const world = new World({ now: Date.now, random: Math.random, secret: 'of the tests' });
  const sessions = new Sessions(world, {
    ...{ resumableMs: 60_000, bufferedEvents: 100, bufferedBytes: 100_000, ...limits },
  });
  onTestFinished(() => sessions.close());
  const begin = (application: Application, intents = ALL) => {
    const session = sessions.begin(application, intents, [0, 1]);
    const events: Event[] = [];
    let replaced = 0;
    session.attach({
      send: (text) => void events.push(JSON.parse(text) as Event),
      replaced: () => void (replaced += 1),
    });
    return { session, events, replaced: () => replaced };
  };
  const [bot, other] = [
    world.addApplication({ name: 'bot' }),
    world.addApplication({ name: 'other' }),
  ];
  return { world, sessions, begin, bot, other };
}

const typesOf = (events: readonly Event[]): string[] => events.map(({ t }) => t);

it('a bot that is added to a guild receives the guild with itself as a member', () => {
  const { world, begin, bot, other } = start();
  const [own, foreign] = [begin(bot), begin(other)];
  const guild = world.addGuild({ name: 'New' });
  world.install(bot, guild);
  expect(typesOf(own.events)).toEqual(['GUILD_MEMBER_ADD', 'GUILD_CREATE']);
  expect(own.events[1]?.d).toMatchObject({
    ...{ id: guild.id, name: 'New', unavailable: false, member_count: 2 },
    members: [{ user: { id: bot.id, username: 'bot (simulated)' } }],
  });
  expect(foreign.events).toEqual([]);
});

it('a bot that is added twice receives the guild once', () => {
  const { world, begin, bot } = start();
  const { events } = begin(bot, INTENT.guilds);
  const guild = world.addGuild({ name: 'New' });
  world.install(bot, guild);
  world.install(bot, guild);
  expect(typesOf(events)).toEqual(['GUILD_CREATE']);
});

it('a bot that leaves is told so, and the other bots lose a member', () => {
  const { world, begin, bot, other } = start();
  const guild = world.addGuild({ name: 'Left' });
  for (const one of [bot, other]) world.install(one, guild);
  const [own, left] = [begin(bot), begin(other)];
  world.uninstall(bot, guild);
  world.uninstall(bot, guild);
  expect(own.events).toMatchObject([{ t: 'GUILD_DELETE', d: { id: guild.id } }]);
  expect(left.events).toMatchObject([
    { t: 'GUILD_MEMBER_REMOVE', d: { guild_id: guild.id, user: { id: bot.id } } },
  ]);
  expect(world.guildsOf(bot)).toEqual([]);
});

it('a session without the intent for guilds begins without them', () => {
  const { world, sessions, begin, bot } = start();
  world.install(bot, world.addGuild({ name: 'Hidden' }));
  const { session, events } = begin(bot, INTENT.guildMessages);
  sessions.sendGuilds(session);
  expect(events).toEqual([]);
});

it('a session forgets its oldest events above its number of bytes', () => {
  const { begin, bot } = start({ bufferedBytes: 200 });
  const { session } = begin(bot);
  for (const n of [1, 2, 3]) session.dispatch('X', JSON.stringify('x'.repeat(40 + n)));
  const numbers = (from: number): number[] | undefined =>
    session.since(from)?.map((frame) => (JSON.parse(frame) as Event).s);
  expect(session.since(0)).toBe(null);
  expect(numbers(1)).toEqual([2, 3]);
  expect(numbers(3)).toEqual([]);
});

it('a session that ends closes its connection, and is not found again', () => {
  const { sessions, begin, bot, other } = start();
  const { session, replaced } = begin(bot);
  const found = (application: Application): Session | undefined =>
    sessions.find(session.id, application);
  expect([found(bot), found(other)]).toEqual([session, undefined]);
  expect([sessions.list(bot), sessions.list(other)]).toEqual([[session], []]);
  sessions.end(session);
  expect([found(bot), sessions.list(bot), replaced()]).toEqual([undefined, [], 1]);
});
