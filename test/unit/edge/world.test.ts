/** The world of simulated Discord without its servers: what no REST call or control begins. */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { DiscordError } from '../../../discord/rest-errors.js';
import type { Application } from '../../../edge/simulated/world/world.js';
import { INTERACTION, Interactions } from '../../../edge/simulated/world/interactions.js';
import { Messages } from '../../../edge/simulated/world/messages.js';
import { World, type WorldEvent } from '../../../edge/simulated/world/world.js';
import { SECRET } from '../../support/simulated-discord.js';

function make() {
  let ahead = 0;
  const now = (): number => Date.now() + ahead;
  const world = new World({ now, random: Math.random, secret: SECRET });
  const events: WorldEvent[] = [];
  const messages = new Messages(world);
  const interactions = new Interactions(world, messages, { answerWithinMs: 3_000 });
  onTestFinished(() => interactions.close());
  const guild = world.addGuild({ name: 'Lab' });
  const application = world.addApplication({ name: 'bot' });
  world.install(application, guild);
  world.onEvent((event) => events.push(event));
  const [channel] = guild.channels.values();
  const forward = (ms: number): void => void (ahead += ms);
  return { world, events, messages, interactions, guild, application, channel: channel!, forward };
}
type Made = ReturnType<typeof make>;

function start({ interactions, guild, application, channel, messages }: Made, type: number) {
  const source = messages.send(channel, { author: application.user, body: { content: 'menu' } });
  const user = guild.owner;
  return interactions.start({
    ...{ application, guild, channel, user, type, name: 'menu', data: { custom_id: 'a' } },
    ...(type === INTERACTION.component ? { source } : {}),
  });
}

const codeOf = (work: () => unknown): number => {
  try {
    work();
  } catch (error) {
    return (error as DiscordError).code;
  }
  return 0;
};
const ofType = (events: readonly WorldEvent[], type: string): WorldEvent[] =>
  events.filter((event) => event.type === type);

describe('an interaction with a component', () => {
  it('brings its message, which an answer of type 7 changes', () => {
    const made = make();
    const { id, token, source } = start(made, INTERACTION.component);
    const [created] = ofType(made.events, 'INTERACTION_CREATE');
    expect(created).toMatchObject({
      ...{ applicationId: made.application.id, data: { type: 3, message: { id: source!.id } } },
    });
    const body = { type: 7, data: { content: 'chosen' } };
    const { message } = made.interactions.answer(id, token, body, []);
    expect(message).toBe(source);
    expect(source).toMatchObject({ content: 'chosen', author: { id: made.application.id } });
    expect(ofType(made.events, 'MESSAGE_UPDATE')).toHaveLength(1);
  });

  it('is acknowledged by type 6 without a change', () => {
    const made = make();
    const { id, token, source } = start(made, INTERACTION.component);
    const answered = made.interactions.answer(id, token, { type: 6 }, []);
    expect([answered.message, answered.interaction.state]).toEqual([source, 'answered']);
    expect(made.interactions.message(answered.interaction, '@original')).toBe(source);
    expect(ofType(made.events, 'MESSAGE_UPDATE')).toEqual([]);
  });

  it('is answered by a message that names no command', () => {
    const made = make();
    const { id, token } = start(made, INTERACTION.component);
    const body = { type: 4, data: { content: 'new' } };
    const { message } = made.interactions.answer(id, token, body, []);
    expect(message).toMatchObject({ type: 0, interaction_metadata: { id, type: 3 } });
    expect(message).not.toHaveProperty('interaction');
  });
});

describe('the types of an answer', () => {
  it.each([
    ['a command', INTERACTION.command, [1, 4, 5, 9]],
    ['a component', INTERACTION.component, [1, 4, 5, 6, 7, 9]],
    ['an autocomplete', INTERACTION.autocomplete, [8]],
    ['a modal', INTERACTION.modal, [1, 4, 5]],
  ])('to %s are its own', (_what, type, expected) => {
    const taken = Array.from({ length: 13 }, (_, answer) => answer).filter((answer) => {
      const made = make();
      const { id, token } = start(made, type);
      const body = { type: answer, data: { content: 'x' } };
      const code = codeOf(() => made.interactions.answer(id, token, body, []));
      expect([0, 50035]).toContain(code);
      return code === 0;
    });
    expect(taken).toEqual(expected);
  });
});

describe('an interaction', () => {
  it('has no original message behind an answer without one', () => {
    const made = make();
    const { id, token } = start(made, INTERACTION.command);
    const { interaction } = made.interactions.answer(id, token, { type: 1 }, []);
    expect(codeOf(() => made.interactions.message(interaction, '@original'))).toBe(10008);
  });

  it('does not see the messages of others in its channel', () => {
    const made = make();
    const { channel, guild, messages, interactions } = made;
    const foreign = messages.send(channel, { author: guild.owner, body: { content: 'x' } });
    const { id, token } = start(made, INTERACTION.command);
    const { interaction } = interactions.answer(id, token, { type: 1 }, []);
    expect(codeOf(() => interactions.message(interaction, foreign.id))).toBe(10008);
    const sent = interactions.followUp(interaction, { content: 'own' }, []);
    expect(interactions.message(interaction, sent.id)).toBe(sent);
  });

  it('belongs to its application alone, and is forgotten half an hour later', () => {
    const made = make();
    const { id, token } = start(made, INTERACTION.command);
    made.interactions.answer(id, token, { type: 1 }, []);
    expect(made.interactions.forFollowUp('1', token)).toBeUndefined();
    expect(made.interactions.forFollowUp(made.application.id, token)?.id).toBe(id);
    made.forward(30 * 60_000 + 1);
    start(made, INTERACTION.command);
    expect(made.interactions.forFollowUp(made.application.id, token)).toBeUndefined();
  });
});

describe('a channel', () => {
  it('keeps its newest 1,000 messages, and no pin of an older one', () => {
    const { channel, guild, messages } = make();
    const send = () => messages.send(channel, { author: guild.owner, body: { content: 'x' } });
    const oldest = send();
    channel.pinned.add(oldest.id);
    for (let count = 1; count < 1_000; count++) send();
    expect(messages.find(channel, oldest.id)).toBe(oldest);
    const newest = send();
    expect(codeOf(() => messages.find(channel, oldest.id))).toBe(10008);
    expect([channel.messages.size, channel.pinned.size]).toEqual([1_000, 0]);
    expect(channel.data.last_message_id).toBe(newest.id);
  });

  it('of a direct kind sends its events to its own bot only', () => {
    const { world, events, messages, application, guild } = make();
    const direct = world.directChannel(application, guild.owner);
    messages.send(direct, { author: guild.owner, body: { content: 'hi' } });
    expect(events).toMatchObject([
      { type: 'MESSAGE_CREATE', guildId: null, applicationId: application.id },
    ]);
  });
});

describe('an application', () => {
  it('joins a guild once, and leaves it once', () => {
    const { world, events, application, guild } = make();
    world.install(application, guild);
    expect(events).toEqual([]);
    world.uninstall(application, guild);
    expect(events.map(({ type }) => type)).toEqual(['GUILD_DELETE', 'GUILD_MEMBER_REMOVE']);
    world.uninstall(application, guild);
    expect(events).toHaveLength(2);
  });

  it('sees of a new guild only its own member without the intent for presences', () => {
    const { application, guild } = make();
    const ids = (intents: number, bot: Application = application): string[] => {
      const { members } = guild.createdFor(bot.id, intents) as { members: { user: Application }[] };
      return members.map(({ user }) => user.id);
    };
    expect(ids(0)).toEqual([application.id]);
    expect(ids(1 << 8)).toEqual([guild.owner.id, application.id]);
  });
});
