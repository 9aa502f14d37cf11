/** The body of a message as a bot sends it: checked, and made into the fields of a message. */
import { list, object, text, type Fields } from '../../../discord/fields.js';
import { invalidForm, refusal } from '../../../discord/rest-errors.js';
import { snowflakeAt } from '../../../discord/snowflake.js';
import type { Channel, World } from './world.js';
import type { Json } from './shapes.js';

export interface UploadedFile {
  readonly name: string;
  readonly filename: string;
  readonly size: number;
  readonly contentType: string;
}

const MAX_CONTENT = 2_000;
const MAX_EMBEDS = 10;
/** All texts of all embeds of one message. */
const MAX_EMBED_TEXT = 6_000;
const MAX_NONCE = 25;
/** A bot may set these: suppress embeds, ephemeral, silent, voice, components v2. */
const SETTABLE_FLAGS = (1 << 2) | (1 << 6) | (1 << 12) | (1 << 13) | (1 << 15);

/** Fields that a message and its edit share. An absent field stays absent. */
export function contentFields(body: Fields): Json {
  const fields: Json = {};
  if ('content' in body) fields.content = contentOf(body);
  if ('embeds' in body || 'embed' in body) fields.embeds = embedsOf(body);
  if ('components' in body) fields.components = list(body, 'components');
  if (typeof body.flags === 'number') fields.flags = body.flags & SETTABLE_FLAGS;
  return fields;
}

function contentOf(body: Fields): string {
  const content = text(body, 'content') ?? '';
  if (content.length > MAX_CONTENT) {
    const message = `Must be ${MAX_CONTENT} or fewer in length.`;
    throw invalidForm(['content'], 'BASE_TYPE_MAX_LENGTH', message);
  }
  return content;
}

function embedsOf(body: Fields): readonly unknown[] {
  const embeds = 'embeds' in body ? list(body, 'embeds') : [object(body, 'embed')];
  if (embeds.length > MAX_EMBEDS) {
    const message = `Must be ${MAX_EMBEDS} or fewer in length.`;
    throw invalidForm(['embeds'], 'BASE_TYPE_MAX_LENGTH', message);
  }
  if (embeds.reduce<number>((sum, embed) => sum + textLength(embed), 0) > MAX_EMBED_TEXT) {
    const message = `Embed size exceeds maximum size of ${MAX_EMBED_TEXT}`;
    throw invalidForm(['embeds'], 'MAX_EMBED_SIZE_EXCEEDED', message);
  }
  return embeds.map((embed) => ({ type: 'rich', ...(embed as object) }));
}

const COUNTED = ['title', 'description'] as const;

function textLength(embed: unknown): number {
  const fields = { ...(embed as Fields) };
  const own = COUNTED.map((name) => text(fields, name)?.length ?? 0);
  const nested = [object(fields, 'footer'), object(fields, 'author')];
  const other = nested.map((part) => (text(part, 'text') ?? text(part, 'name') ?? '').length);
  const rows = list(fields, 'fields').map((row) => {
    const { name, value } = { ...(row as Fields) };
    return String(name).length + String(value).length;
  });
  return [...own, ...other, ...rows].reduce((sum, length) => sum + length, 0);
}

/** @throws DiscordError 50006 for a message with nothing in it */
export function requireSomething(body: Fields, files: readonly UploadedFile[]): void {
  const some =
    text(body, 'content') !== null ||
    ['embeds', 'components', 'sticker_ids'].some((name) => list(body, name).length > 0) ||
    Object.keys(object(body, 'embed')).length > 0 ||
    Object.keys(object(body, 'poll')).length > 0 ||
    files.length > 0 ||
    // A forward has no content of its own.
    object(body, 'message_reference').type === 1;
  if (!some) throw refusal('emptyMessage');
}

/** The nonce as it was sent: a text or a number. @throws DiscordError 50035 */
export function nonceOf(body: Fields): string | number | undefined {
  const { nonce } = body;
  if (typeof nonce === 'number') return nonce;
  if (typeof nonce !== 'string') return undefined;
  if (nonce.length <= MAX_NONCE) return nonce;
  const message = `Must be ${MAX_NONCE} or fewer in length.`;
  throw invalidForm(['nonce'], 'BASE_TYPE_MAX_LENGTH', message);
}

/** A reply or a forward; `{}` for neither. @throws DiscordError 50035 for an unknown message */
export function referenceOf(world: World, channel: Channel, body: Fields): Json {
  if (!('message_reference' in body) || body.message_reference === null) return {};
  const given = object(body, 'message_reference');
  const messageId = text(given, 'message_id');
  const source = world.channels.get(text(given, 'channel_id') ?? channel.data.id);
  const isHere = source !== undefined && source.guild === channel.guild;
  const found = isHere ? source.messages.get(messageId ?? '') : undefined;
  if (source === undefined || found === undefined) {
    if (given.fail_if_not_exists === false) return {};
    const path = ['message_reference'];
    throw invalidForm(path, 'REPLIES_UNKNOWN_MESSAGE', 'Unknown message');
  }
  const reference = {
    ...{ type: given.type === 1 ? 1 : 0, message_id: found.id, channel_id: found.channel_id },
    ...(source.guild === null ? {} : { guild_id: source.guild.id }),
  };
  if (given.type === 1) {
    const { type, content, embeds, attachments, timestamp, flags } = found;
    const message = { type, content, embeds, attachments, timestamp, flags };
    return { message_reference: reference, message_snapshots: [{ message }] };
  }
  return { type: 19, message_reference: reference, referenced_message: { ...found } };
}

/** Files are described, and not kept: nothing serves their address. */
export function attachmentsOf(
  world: World,
  channelId: string,
  body: Fields,
  files: readonly UploadedFile[],
): Json[] {
  const described = list(body, 'attachments').map((one) => ({ ...(one as Fields) }));
  return files.map((file, index) => {
    const number = /^files\[(\d+)\]$/.exec(file.name)?.[1] ?? String(index);
    const details = described.find((one) => String(one.id) === number) ?? {};
    const id = snowflakeAt(world.now(), index + Math.floor(world.random() * 4_000_000));
    // JSON may hold half of a surrogate pair, of which no address can be made.
    const filename = (text(details, 'filename') ?? file.filename).toWellFormed();
    const url = `https://cdn.simulated.invalid/attachments/${channelId}/${id}/${encodeURIComponent(filename)}`;
    return {
      ...{ id, filename, size: file.size, content_type: file.contentType, url, proxy_url: url },
      ...('description' in details ? { description: details.description } : {}),
    };
  });
}
