/** Messages of simulated Discord: sent, edited, deleted; each change is an event. */
import { object, text, type Fields } from '../../../discord/fields.js';
import { refusal } from '../../../discord/rest-errors.js';
import { timeOfSnowflake } from '../../../discord/snowflake.js';
import type { Guild } from './guild.js';
import { mentionsOf, withMembers } from './mentions.js';
import {
  attachmentsOf,
  contentFields,
  nonceOf,
  referenceOf,
  requireSomething,
  type UploadedFile,
} from './message-input.js';
import { FLAG, instant, type Json, type MessageData, type UserData } from './shapes.js';
import type { Channel, World, WorldEvent } from './world.js';

/** Older messages of a channel are forgotten. */
const MAX_MESSAGES = 1_000;

export interface Sent {
  readonly author: UserData;
  readonly body: Fields;
  readonly files?: readonly UploadedFile[];
  /** Further fields: webhook, application, interaction, type. */
  readonly extra?: Json;
  /** The application that alone receives an ephemeral message. */
  readonly applicationId?: string;
}

/** Which messages of a channel: at most `limit`, the newest first. */
export interface Page {
  readonly limit: number;
  readonly before?: string | undefined;
  readonly after?: string | undefined;
  readonly around?: string | undefined;
}

export class Messages {
  constructor(private readonly world: World) {}

  /** @throws DiscordError 50006, 50035 */
  send(
    channel: Channel,
    { author, body, files = [], extra = {}, applicationId }: Sent,
  ): MessageData {
    const loading = ((extra.flags as number | undefined) ?? 0) & FLAG.loading;
    if (loading === 0) requireSomething(body, files);
    const fields = contentFields(body);
    const content = (fields.content as string | undefined) ?? '';
    const reference = referenceOf(this.world, channel, body);
    const replied = reference.referenced_message as MessageData | undefined;
    const nonce = nonceOf(body);
    const id = this.world.nextId();
    const given = (fields.flags as number | undefined) ?? 0;
    // Only the answer to an interaction can be ephemeral; Discord ignores the flag elsewhere.
    const asked = applicationId === undefined ? given & ~FLAG.ephemeral : given;
    const flags = asked | Number(extra.flags ?? 0);
    const message: MessageData = {
      ...{ id, channel_id: channel.data.id, author, content, type: 0 },
      timestamp: instant(timeOfSnowflake(id)),
      ...{ edited_timestamp: null, tts: body.tts === true, pinned: false, components: [] },
      ...mentionsOf(this.world, channel, body, content, replied),
      attachments: attachmentsOf(this.world, channel.data.id, body, files),
      embeds: [],
      ...(Object.keys(object(body, 'poll')).length > 0 ? { poll: body.poll } : {}),
      ...fields,
      ...reference,
      ...(nonce === undefined ? {} : { nonce }),
      ...extra,
      flags,
    };
    this.#keep(channel, message);
    this.#emit('MESSAGE_CREATE', channel, message, applicationId);
    return message;
  }

  /** @throws DiscordError 50035 */
  edit(channel: Channel, message: MessageData, change: Omit<Sent, 'author'>): MessageData {
    const { body, files = [], extra = {}, applicationId } = change;
    const fields = contentFields(body);
    const asked = (fields.flags as number | undefined) ?? message.flags;
    const flags = asked & ~(FLAG.ephemeral | FLAG.loading);
    Object.assign(message, fields, extra, { flags: flags | (message.flags & FLAG.ephemeral) });
    if ('content' in fields)
      Object.assign(message, mentionsOf(this.world, channel, body, message.content));
    if (files.length > 0) {
      message.attachments = attachmentsOf(this.world, channel.data.id, body, files);
    }
    message.edited_timestamp = this.world.instant();
    this.#emit('MESSAGE_UPDATE', channel, message, applicationId);
    return message;
  }

  delete(channel: Channel, message: MessageData, applicationId?: string): void {
    channel.messages.delete(message.id);
    channel.pinned.delete(message.id);
    const event = { id: message.id, ...placeOf(channel) };
    this.world.emit(this.#addressed('MESSAGE_DELETE', channel, event, message, applicationId));
  }

  /** Ids without a message are ignored, as on Discord. */
  deleteMany(guild: Guild, channel: Channel, ids: readonly string[]): void {
    const known = ids.filter((id) => channel.messages.delete(id));
    const data = { ids: known, ...placeOf(channel) };
    this.world.emit({ type: 'MESSAGE_DELETE_BULK', data, guildId: guild.id });
  }

  /** @throws DiscordError 10008, also for an ephemeral message: a channel does not have it */
  find(channel: Channel, id: string): MessageData {
    const message = channel.messages.get(id);
    if (message === undefined || isEphemeral(message)) throw refusal('unknownMessage');
    return message;
  }

  /** The newest first; without ephemeral messages. */
  page(channel: Channel, { limit, before, after, around }: Page): MessageData[] {
    const all = [...channel.messages.values()].filter((message) => !isEphemeral(message));
    if (after !== undefined)
      return all
        .filter(({ id }) => isAfter(id, after))
        .slice(0, limit)
        .reverse();
    if (around !== undefined) {
      const half = Math.floor(limit / 2);
      const first = all.filter(({ id }) => isAfter(around, id)).slice(-half);
      const rest = all.filter(({ id }) => !isAfter(around, id)).slice(0, limit - first.length);
      return [...first, ...rest].reverse();
    }
    const older = before === undefined ? all : all.filter(({ id }) => isAfter(before, id));
    return older.slice(-limit).reverse();
  }

  #keep(channel: Channel, message: MessageData): void {
    channel.messages.set(message.id, message);
    channel.data.last_message_id = message.id;
    const [oldest] = channel.messages.keys();
    if (channel.messages.size > MAX_MESSAGES && oldest !== undefined) {
      channel.messages.delete(oldest);
      channel.pinned.delete(oldest);
    }
  }

  #emit(type: string, channel: Channel, message: MessageData, applicationId?: string): void {
    const mentions = withMembers(channel, message.mentions as UserData[]);
    const data = { ...message, mentions, ...this.#guildFields(channel, message) };
    this.world.emit(this.#addressed(type, channel, data, message, applicationId));
  }

  /** An ephemeral message has neither guild nor member (discord-api-docs#4557). */
  #guildFields(channel: Channel, message: MessageData): Json {
    const { guild } = channel;
    if (guild === null || isEphemeral(message)) return {};
    const member = guild.members.get(message.author.id);
    if (member === undefined) return { guild_id: guild.id };
    const { user: _, ...rest } = member;
    return { guild_id: guild.id, member: rest };
  }

  #addressed(
    type: string,
    channel: Channel,
    event: Json,
    message: MessageData,
    applicationId: string | undefined,
  ): WorldEvent {
    const { guild } = channel;
    if (guild !== null && !isEphemeral(message)) return { type, data: event, guildId: guild.id };
    const { guild_id: _, ...data } = event;
    const owner = applicationId ?? text(channel.data, 'application_id') ?? '';
    return { type, data, guildId: guild?.id ?? null, applicationId: owner };
  }
}

export const isEphemeral = (message: MessageData): boolean =>
  (message.flags & FLAG.ephemeral) !== 0;

/** The channel of an event, and its guild. */
export const placeOf = ({ data, guild }: Channel): Json => ({
  channel_id: data.id,
  ...(guild === null ? {} : { guild_id: guild.id }),
});

/** Ids are decimal numbers without leading zeros. */
export const isAfter = (id: string, other: string): boolean => BigInt(id) > BigInt(other);
