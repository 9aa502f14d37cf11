/** A Discord event for people: its author, its channel, and a short text. */
import { firstText, isObject, list, object, objects, text, type Fields } from './fields.js';
import { interactionText } from './interaction-text.js';

export interface EventSummary {
  /** The name if the payload has one, else the id; null for an event without an author. */
  readonly author: string | null;
  /** `#name` if the payload has the name, else `#id`. */
  readonly channel: string | null;
  /** May be empty. From other people: it may contain control characters. */
  readonly text: string;
}

type TextOf = (data: Fields) => string;

/**
 * @param type from the subject, for payloads without a type
 * @param document the parsed payload: a gateway dispatch (`t`, `d`), an ingestor's flat event
 * (`event_type`, `data`), or the event's data alone
 * @returns null if it is no object
 */
export function summaryOf(type: string, document: unknown): EventSummary | null {
  if (!isObject(document)) return null;
  const data = dataOf(document);
  const kind = kindOf(text(document, 't') ?? text(document, 'event_type') ?? type);
  return {
    author: authorOf(data),
    channel: channelOf(data),
    text: (TEXTS.get(kind) ?? fallbackText)(data),
  };
}

/** Flat events keep ids beside their data. */
function dataOf(document: Fields): Fields {
  if (isObject(document.d)) return document.d;
  if (text(document, 'event_type') === null) return document;
  const { user_id, channel_id } = document;
  const ids = {
    ...(user_id == null ? {} : { user_id }),
    ...(channel_id == null ? {} : { channel_id }),
  };
  return { ...ids, ...object(document, 'data') };
}

/**
 * `message.reaction.add` is MESSAGE_REACTION_ADD. Ingestors have names of their own for some
 * events.
 */
function kindOf(type: string): string {
  const kind = type.toUpperCase().replaceAll('.', '_');
  return ALIASES.get(kind) ?? kind;
}

const ALIASES = new Map([
  ['GUILD_JOIN', 'GUILD_CREATE'],
  ['GUILD_LEAVE', 'GUILD_DELETE'],
  ['MEMBER_JOIN', 'GUILD_MEMBER_ADD'],
  ['MEMBER_LEAVE', 'GUILD_MEMBER_REMOVE'],
  ['MEMBER_UPDATE', 'GUILD_MEMBER_UPDATE'],
  ['ROLE_CREATE', 'GUILD_ROLE_CREATE'],
  ['ROLE_UPDATE', 'GUILD_ROLE_UPDATE'],
  ['ROLE_DELETE', 'GUILD_ROLE_DELETE'],
]);

/** A member's name in the guild comes before the user's own. */
function authorOf(data: Fields): string | null {
  const member = object(data, 'member');
  const users = [
    object(data, 'author'),
    object(member, 'user'),
    object(data, 'user'),
    object(data, 'inviter'),
  ];
  const user = users.find((one) => Object.keys(one).length > 0) ?? {};
  const nick = text(member, 'nick') ?? text(data, 'nick');
  const name = nick ?? firstText(user, 'global_name', 'username', 'id');
  return name ?? firstText(data, 'user_id', 'owner_id');
}

function channelOf(data: Fields): string | null {
  const name = text(object(data, 'channel'), 'name') ?? text(data, 'channel_id');
  return name === null ? null : `#${name}`;
}

function messageText(data: Fields): string {
  const parts = [
    text(data, 'content'),
    ...['attachments', 'embeds'].map((name) => counted(data, name)),
    ...objects(data, 'sticker_items').map((sticker) => `[sticker ${text(sticker, 'name') ?? ''}]`),
    pollText(data),
  ].filter((part) => part !== null);
  return parts.length > 0 ? parts.join(' ') : messageKind(data);
}

/** Such as `[attachments: 2]`. */
function counted(data: Fields, name: string): string | null {
  const count = list(data, name).length;
  return count === 0 ? null : `[${name}: ${count}]`;
}

function pollText(data: Fields): string | null {
  const question = text(object(object(data, 'poll'), 'question'), 'text');
  return question === null ? null : `[poll: ${question}]`;
}

/**
 * A message without content: one of Discord's own (a pin, a boost), or the bot has no intent for
 * contents.
 */
function messageKind(data: Fields): string {
  const type = text(data, 'type');
  return type === null || type === '0' || type === '19' ? '(no content)' : `(message type ${type})`;
}

function emojiOf(data: Fields): string {
  const emoji = object(data, 'emoji');
  const name = text(emoji, 'name') ?? text(data, 'emoji') ?? '?';
  return text(emoji, 'id') === null ? name : `:${name}:`;
}

const onMessage = (data: Fields): string => `on message ${text(data, 'message_id') ?? '?'}`;
const named: TextOf = (data) => firstText(data, 'name', 'topic', 'id') ?? '';
const nothing: TextOf = () => '';
const role: TextOf = (data) =>
  text(object(data, 'role'), 'name') ?? firstText(data, 'name', 'role_id', 'id') ?? '';
const channel: TextOf = (data) => `#${firstText(data, 'name', 'id') ?? '?'}`;

function presenceText(data: Fields): string {
  const activities = objects(data, 'activities').map((one) => text(one, 'name') ?? '?');
  return [text(data, 'status') ?? '', ...activities].join(' · ');
}

function memberText(data: Fields): string {
  const nick = text(data, 'nick') ?? text(object(data, 'new'), 'nick');
  const roles = list(data, 'roles').length;
  return [
    ...(nick === null ? [] : [`nick ${nick}`]),
    ...(roles === 0 ? [] : [`roles: ${roles}`]),
  ].join(', ');
}

function guildText(data: Fields): string {
  const members = text(data, 'member_count');
  return `${named(data)}${members === null ? '' : ` (members: ${members})`}`;
}

function auditText(data: Fields): string {
  const reason = text(data, 'reason');
  const target = text(data, 'target_id') ?? '-';
  const action = `action ${text(data, 'action_type') ?? '?'} on ${target}`;
  return reason === null ? action : `${action}: ${reason}`;
}

/** Fields that any payload may have, for unknown types. */
function fallbackText(data: Fields): string {
  const known = ['name', 'content', 'topic', 'code', 'status', 'id']
    .map((name) => [name, text(data, name)] as const)
    .filter(([, value]) => value !== null);
  return known.map(([name, value]) => `${name}=${value ?? ''}`).join(' ');
}

const TEXTS: ReadonlyMap<string, TextOf> = new Map<string, TextOf>([
  ['MESSAGE_CREATE', messageText],
  ['MESSAGE_UPDATE', messageText],
  ['MESSAGE_DELETE', (data) => `message ${text(data, 'id') ?? '?'}`],
  ['MESSAGE_DELETE_BULK', (data) => `messages: ${list(data, 'ids').length}`],
  ['MESSAGE_REACTION_ADD', (data) => `${emojiOf(data)} ${onMessage(data)}`],
  ['MESSAGE_REACTION_REMOVE', (data) => `${emojiOf(data)} ${onMessage(data)}`],
  ['MESSAGE_REACTION_REMOVE_ALL', onMessage],
  ['MESSAGE_REACTION_REMOVE_EMOJI', (data) => `${emojiOf(data)} ${onMessage(data)}`],
  [
    'MESSAGE_POLL_VOTE_ADD',
    (data) => `answer ${text(data, 'answer_id') ?? '?'} ${onMessage(data)}`,
  ],
  [
    'MESSAGE_POLL_VOTE_REMOVE',
    (data) => `answer ${text(data, 'answer_id') ?? '?'} ${onMessage(data)}`,
  ],
  ['TYPING_START', nothing],
  ['GUILD_CREATE', guildText],
  ['GUILD_UPDATE', guildText],
  [
    'GUILD_DELETE',
    (data) => `${named(data)} ${text(data, 'unavailable') === 'true' ? 'unavailable' : 'left'}`,
  ],
  ['GUILD_MEMBER_ADD', nothing],
  ['GUILD_MEMBER_REMOVE', nothing],
  ['GUILD_MEMBER_UPDATE', memberText],
  ['GUILD_MEMBERS_CHUNK', (data) => `members: ${list(data, 'members').length}`],
  ['GUILD_BAN_ADD', nothing],
  ['GUILD_BAN_REMOVE', nothing],
  ['GUILD_ROLE_CREATE', role],
  ['GUILD_ROLE_UPDATE', role],
  ['GUILD_ROLE_DELETE', role],
  ['GUILD_EMOJIS_UPDATE', (data) => `emojis: ${list(data, 'emojis').length}`],
  ['GUILD_STICKERS_UPDATE', (data) => `stickers: ${list(data, 'stickers').length}`],
  ['CHANNEL_CREATE', channel],
  ['CHANNEL_UPDATE', channel],
  ['CHANNEL_DELETE', channel],
  ['CHANNEL_PINS_UPDATE', nothing],
  ['THREAD_CREATE', channel],
  ['THREAD_UPDATE', channel],
  ['THREAD_DELETE', channel],
  ['THREAD_LIST_SYNC', (data) => `threads: ${list(data, 'threads').length}`],
  ['THREAD_MEMBERS_UPDATE', (data) => `members: ${text(data, 'member_count') ?? '?'}`],
  ['INVITE_CREATE', (data) => text(data, 'code') ?? ''],
  ['INVITE_DELETE', (data) => text(data, 'code') ?? ''],
  ['GUILD_AUDIT_LOG_ENTRY_CREATE', auditText],
  ['AUTO_MODERATION_ACTION_EXECUTION', (data) => text(data, 'content') ?? ''],
  ['VOICE_STATE_UPDATE', (data) => (text(data, 'channel_id') === null ? 'left voice' : 'in voice')],
  ['VOICE_SERVER_UPDATE', (data) => text(data, 'endpoint') ?? 'no server'],
  ['VOICE_CHANNEL_EFFECT_SEND', emojiOf],
  ['PRESENCE_UPDATE', presenceText],
  ['INTERACTION_CREATE', interactionText],
]);
