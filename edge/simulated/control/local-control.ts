/** The control surface inside the process of simulated Discord. */
import { isObject, type Fields } from '../../../discord/fields.js';
import { invalidForm, refusal } from '../../../discord/rest-errors.js';
import { withDeadline } from '../../../platform/deadline.js';
import type { Services } from '../services.js';
import { commandData } from '../world/command-options.js';
import type { Guild } from '../world/guild.js';
import { INTERACTION, type Interaction } from '../world/interactions.js';
import { CHANNEL, type MessageData } from '../world/shapes.js';
import type { Channel } from '../world/world.js';
import type {
  ApplicationSummary,
  DiscordControl,
  Disturbance,
  GuildSummary,
  MessageSummary,
  SlashResult,
} from './control.js';

export class LocalControl implements DiscordControl {
  constructor(
    private readonly services: Services,
    /** How long `slash` waits for the message of a deferred answer. */
    private readonly deferredMs: number,
  ) {}

  guilds(): Promise<GuildSummary[]> {
    return promised(() => {
      return [...this.services.world.guilds.values()].map(({ id, name, channels }) => ({
        ...{ id, name, channelIds: [...channels.keys()] },
      }));
    });
  }

  say(named: string, text: string, channelId?: string): Promise<MessageSummary> {
    return promised(() => {
      const guild = this.#guild(named);
      const channel = channelIn(guild, channelId);
      const body = { content: text };
      return summary(this.services.messages.send(channel, { author: guild.owner, body }));
    });
  }

  async slash(
    named: string,
    command: string,
    options: Readonly<Record<string, string>> = {},
  ): Promise<SlashResult> {
    return this.#result(this.#use(this.#guild(named), command, options));
  }

  async press(
    named: string,
    messageId: string,
    customId: string,
    values: readonly string[] = [],
  ): Promise<SlashResult> {
    return this.#result(this.#press(this.#guild(named), messageId, customId, values));
  }

  messages(named: string): Promise<MessageSummary[]> {
    return promised(() => {
      const channels = [...this.#guild(named).channels.values()];
      const all = channels.flatMap(({ messages }) => [...messages.values()]);
      return all.sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1)).map(summary);
    });
  }

  applications(): Promise<ApplicationSummary[]> {
    return promised(() => {
      const { world } = this.services;
      return [...world.applications.values()].map((application) => {
        const { id, name, token } = application;
        return { id, name, token, guildIds: world.guildsOf(application).map((guild) => guild.id) };
      });
    });
  }

  disturb(how: Disturbance): Promise<{ connections: number }> {
    return promised(() => {
      const serving = this.services.gateway.connections().filter(({ session }) => session !== null);
      for (const connection of serving) {
        if (how === 'drop') connection.cut();
        else if (how === 'reconnect') connection.askToReconnect();
        else connection.invalidate();
      }
      return { connections: serving.length };
    });
  }

  async #result(interaction: Interaction): Promise<SlashResult> {
    // A bot that defers for longer is shown as such.
    await withDeadline(interaction.settled, this.deferredMs, 'the bot').catch(() => undefined);
    const { state, original, id } = interaction;
    const hasMessage = state !== 'unanswered' && original !== null;
    return {
      ...{ id, state: state === 'waiting' ? 'unanswered' : state },
      answer: hasMessage ? summary(original) : null,
    };
  }

  #press(
    guild: Guild,
    messageId: string,
    customId: string,
    values: readonly string[],
  ): Interaction {
    const { world, interactions } = this.services;
    const channel = [...guild.channels.values()].find(({ messages }) => messages.has(messageId));
    const source = channel?.messages.get(messageId);
    if (channel === undefined || source === undefined) throw refusal('unknownMessage');
    const application = world.applications.get(source.author.id);
    const component = componentIn(source.components, customId);
    if (application === undefined || component === null) {
      const message = 'The message has no such component.';
      throw invalidForm(['custom_id'], 'COMPONENT_NOT_FOUND', message);
    }
    const chosen = values.length === 0 ? {} : { values };
    return interactions.start({
      ...{ application, guild, channel, source, user: guild.owner, name: customId },
      type: INTERACTION.component,
      data: { custom_id: customId, component_type: component.type, ...chosen },
    });
  }

  #use(guild: Guild, typed: string, options: Readonly<Record<string, string>>): Interaction {
    const { world, commands, interactions } = this.services;
    const [name = '', ...path] = typed.trim().replace(/^\//, '').split(/\s+/);
    const command = commands.named(guild.id, name);
    const application = world.applications.get(command?.application_id ?? '');
    if (command === undefined || application === undefined) throw refusal('unknownCommand');
    return interactions.start({
      ...{ application, guild, user: guild.owner, channel: channelIn(guild) },
      ...{ type: INTERACTION.command, name: [name, ...path].join(' ') },
      data: commandData(world, guild, command, { path, options }),
    });
  }

  /** @throws DiscordError 10004 */
  #guild(named: string): Guild {
    const { guilds } = this.services.world;
    const found = guilds.get(named) ?? [...guilds.values()].find(({ name }) => name === named);
    if (found === undefined) throw refusal('unknownGuild');
    return found;
  }
}

/** A refusal rejects, as it does over HTTP. */
const promised = <T>(work: () => T): Promise<T> => new Promise((resolve) => resolve(work()));

/** @throws DiscordError 10003 */
function channelIn(guild: Guild, channelId?: string): Channel {
  const channels = [...guild.channels.values()];
  const isWanted = ({ data }: Channel): boolean =>
    channelId === undefined ? data.type === CHANNEL.text : data.id === channelId;
  const channel = channels.find(isWanted);
  if (channel === undefined) throw refusal('unknownChannel');
  return channel;
}

const summary = ({ id, author, content, channel_id }: MessageData): MessageSummary => ({
  ...{ id, author: author.username, content, channelId: channel_id },
});

/** Components nest: rows, sections, containers. */
function componentIn(components: unknown, customId: string): Fields | null {
  if (!Array.isArray(components)) return null;
  for (const one of components.filter(isObject)) {
    if (one.custom_id === customId) return one;
    const nested = componentIn(one.components, customId);
    if (nested !== null) return nested;
  }
  return null;
}

/** An object of texts. @throws DiscordError 50035 */
export function typedOptions(value: unknown): Readonly<Record<string, string>> {
  if (value === undefined) return {};
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : null;
  if (entries?.every(([, one]) => typeof one === 'string') === true) {
    return Object.fromEntries(entries);
  }
  throw invalidForm(['options'], 'DICT_TYPE_CONVERT', 'Only texts by the names of options');
}
