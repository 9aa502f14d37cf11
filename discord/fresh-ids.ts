/**
 * Makes a new event from a recorded one. Ids, tokens and times that Discord creates per event are
 * new, and references to them follow. Guilds, channels, users and roles stay.
 */
import { timeOfSnowflake, type Snowflakes } from './snowflake.js';

type Json = string | number | boolean | null | Json[] | JsonObject;
interface JsonObject {
  [key: string]: Json;
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Ids that Discord creates with the event, by type. For created objects see `idsOf`. */
const OWN_IDS: Readonly<Record<string, readonly string[]>> = {
  MESSAGE_CREATE: ['id', 'nonce'],
  MESSAGE_UPDATE: ['id', 'nonce'],
  MESSAGE_DELETE: ['id'],
  MESSAGE_REACTION_ADD: ['message_id'],
  MESSAGE_REACTION_REMOVE: ['message_id'],
  MESSAGE_REACTION_REMOVE_ALL: ['message_id'],
  MESSAGE_REACTION_REMOVE_EMOJI: ['message_id'],
  MESSAGE_POLL_VOTE_ADD: ['message_id'],
  MESSAGE_POLL_VOTE_REMOVE: ['message_id'],
};
/** Fields with the event's time: only at the top of the event, not in nested objects. */
const TIMES = ['timestamp', 'edited_timestamp'];

/**
 * The text with new ids and times. A text that JSON.stringify would write differently stays
 * unchanged: its exact bytes are the purpose of that event.
 */
export function withFreshIds(payload: string, snowflakes: Snowflakes): string {
  const document = parsed(payload);
  if (document === null || JSON.stringify(document) !== payload) return payload;
  const { type, data } = eventOf(document);
  const fresh = new Map<string, string>();
  const renew = (value: Json | undefined, make = () => snowflakes.next()): string | undefined => {
    if (typeof value !== 'string' || value === '') return undefined;
    const known = fresh.get(value) ?? make();
    fresh.set(value, known);
    return known;
  };
  const [first = snowflakes.next()] = idsOf(type, data).map((id) => renew(id));
  renew(document.event_id);
  if (type === 'INTERACTION_CREATE') renew(data.token, () => interactionToken(first, snowflakes));
  const event = renamed(document, fresh) as JsonObject;
  const now = timeOfSnowflake(first);
  for (const place of new Set([event, eventOf(event).data]))
    for (const name of TIMES) moveTime(place, name, now);
  return JSON.stringify(event);
}

function parsed(text: string): JsonObject | null {
  try {
    const document: unknown = JSON.parse(text);
    return isObject(document) ? document : null;
  } catch {
    return null;
  }
}

/**
 * The event inside a gateway dispatch or an ingestor's flat event, with its type in Discord's
 * spelling.
 */
function eventOf(document: JsonObject): { type: string; data: JsonObject } {
  const type = typeof document.t === 'string' ? document.t : document.event_type;
  const data = typeof document.t === 'string' ? document.d : document.data;
  return {
    type: typeof type === 'string' ? type.toUpperCase().replaceAll('.', '_') : '',
    data: isObject(data) ? data : {},
  };
}

/** The event's own ids, the main one first. A GUILD_CREATE does not create a guild. */
function idsOf(type: string, data: JsonObject): Json[] {
  const fields = OWN_IDS[type] ?? [];
  const ids = fields.map((name) => data[name] ?? null);
  if (type === 'MESSAGE_DELETE_BULK' && Array.isArray(data.ids)) ids.push(...data.ids);
  if (type === 'MESSAGE_CREATE' && Array.isArray(data.attachments)) {
    for (const attachment of data.attachments)
      if (isObject(attachment)) ids.push(attachment.id ?? null);
  }
  if (fields.length === 0 && type.endsWith('_CREATE') && type !== 'GUILD_CREATE') {
    const { role } = data;
    ids.push(data.id ?? null, isObject(role) ? (role.id ?? null) : null, data.sound_id ?? null);
  }
  return ids.filter((id) => typeof id === 'string' && id !== data.guild_id);
}

/** In Discord's form: base64 of a kind and an id. */
function interactionToken(id: string, { random }: Snowflakes): string {
  const secret = Array.from({ length: 8 }, () => Math.floor(random() * 36 ** 4).toString(36));
  return btoa(`interaction:${id}:${secret.join('')}`).replaceAll('=', '');
}

/** Replaces each text that is an old id, also in keys. */
function renamed(value: Json, fresh: ReadonlyMap<string, string>): Json {
  if (typeof value === 'string') return fresh.get(value) ?? value;
  if (Array.isArray(value)) return value.map((item) => renamed(item, fresh));
  if (!isObject(value)) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([key, item]) => [fresh.get(key) ?? key, renamed(item, fresh)]),
  );
}

/** Keeps the field's form: text, milliseconds, or the seconds of TYPING_START. */
function moveTime(place: JsonObject, name: string, ms: number): void {
  const old = place[name];
  if (typeof old === 'number') place[name] = old < 1e11 ? Math.floor(ms / 1_000) : ms;
  if (typeof old !== 'string' || Number.isNaN(Date.parse(old))) return;
  const text = new Date(ms).toISOString();
  place[name] = old.endsWith('Z') ? text : text.replace('Z', '000+00:00');
}
