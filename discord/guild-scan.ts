/**
 * The guild of an event in one pass over its bytes. The pass checks the whole grammar, so it
 * accepts exactly what JSON.parse accepts. JSON.parse stays the reference: 1.3 µs instead of 3.4
 * for an 800-byte event (docs/routing.md).
 */
import {
  classify,
  guildOfFields,
  isSpecialType,
  type EventClass,
  type Fields,
} from './guild-of-event.js';
import {
  ARRAY,
  BACKSLASH,
  COLON,
  COMMA,
  endOfLiteral,
  endOfNumber,
  endOfString,
  isWhite,
  OBJECT,
  QUOTE,
} from './json-bytes.js';

/**
 * Above this size no error text of JSON.parse: its time grows with the nesting. 8 MB held the event
 * loop for seconds, and two routers took over from each other for ever.
 */
const MAX_TOLD = 64 * 1024;

/** The same result as `classify`. */
export function classifyFast(payload: Uint8Array): EventClass {
  const found = scanGuild(payload);
  if (found !== null) return found;
  if (payload.length <= MAX_TOLD) return classify(payload);
  return { kind: 'malformed', detail: `${payload.length} bytes that are no JSON object` };
}

/** The value that is read next. The first six are kept, in the order of `found`. */
const T = 0;
const EVENT_TYPE = 1;
const TOP_GUILD = 2;
const D_GUILD = 3;
const D_ID = 4;
const D = 5;
const OTHER = 6;

/** The kind of a kept value: absent, a string from `start` to `end`, null, or another kind. */
const ABSENT = 0;
const NULL = -1;
const ANOTHER = -2;

/** The kind of each open container; events nest about ten levels deep. */
let levels = new Uint8Array(64);
const MAX_KEPT_LEVELS = 64 * 1024;
/**
 * Start and end of T, EVENT_TYPE, TOP_GUILD, D_GUILD, D_ID. One reused array, because this runs for
 * each event.
 */
const found = new Int32Array(10);

/** Null: invalid, or no object. */
// One function on purpose: with functions for scalars and keys an event took 1.69 µs instead of
// 1.38.
export function scanGuild(p: Uint8Array): EventClass | null {
  const length = p.length;
  found.fill(ABSENT);
  if (levels.length > MAX_KEPT_LEVELS) levels = new Uint8Array(64);
  let i = 0;
  while (i < length && isWhite(p[i])) i++;
  if (p[i] !== OBJECT) return null;
  levels[0] = OBJECT;
  let depth = 1;
  /** The open `d` is the document's own, and an object. */
  let inData = false;
  let dataIsObject = false;
  i++;
  /** Right after an opening bracket: the container may end here. */
  let opened = true;
  for (;;) {
    while (isWhite(p[i])) i++;
    const inObject = levels[depth - 1] === OBJECT;
    let c = p[i];
    let key = OTHER;
    let ends = opened && c === (inObject ? OBJECT + 2 : ARRAY + 2);
    opened = false;
    if (!ends) {
      if (inObject) {
        if (c !== QUOTE) return null;
        const end = endOfString(p, i + 1);
        if (end < 0) return null;
        if (depth === 1 || (depth === 2 && inData)) {
          key = depth === 1 ? topKey(p, i + 1, end) : dataKey(p, i + 1, end);
        }
        i = end + 1;
        while (isWhite(p[i])) i++;
        if (p[i] !== COLON) return null;
        i++;
        while (isWhite(p[i])) i++;
        c = p[i];
      }
      if (key === D) {
        // Of a repeated key the last one counts.
        found.fill(ABSENT, 2 * D_GUILD, 2 * D_ID + 2);
        dataIsObject = inData = c === OBJECT;
      }
      if (c === OBJECT || c === ARRAY) {
        if (key < D) found[2 * key] = ANOTHER;
        if (depth === levels.length) levels = grown(levels);
        levels[depth++] = c;
        i++;
        opened = true;
        continue;
      }
      if (c === QUOTE) {
        const end = endOfString(p, i + 1);
        if (end < 0) return null;
        if (key < D) {
          found[2 * key] = i + 1;
          found[2 * key + 1] = end;
        }
        i = end + 1;
      } else {
        const end = c === 0x2d || (c !== undefined && c <= 0x39) ? endOfNumber(p, i) : 0;
        const after = end === 0 ? endOfLiteral(p, i) : end;
        if (after < 0) return null;
        // Of the literals only null begins with n.
        if (key < D) found[2 * key] = c === 0x6e ? NULL : ANOTHER;
        i = after;
      }
    }
    // After a value, or at the end of an empty container.
    for (;;) {
      if (!ends) {
        while (isWhite(p[i])) i++;
        c = p[i];
        if (c === COMMA) {
          i++;
          break;
        }
        if (c !== (levels[depth - 1] === OBJECT ? OBJECT + 2 : ARRAY + 2)) return null;
      }
      ends = false;
      i++;
      depth--;
      if (depth === 1) inData = false;
      if (depth === 0) {
        while (i < length && isWhite(p[i])) i++;
        return i === length ? answer(p, dataIsObject) : null;
      }
    }
  }
}

function answer(p: Uint8Array, dataIsObject: boolean): EventClass {
  const fields: Fields = {
    type: typeAt(p, T),
    flatType: typeAt(p, EVENT_TYPE),
    guildId: idAt(p, TOP_GUILD),
    dataGuildId: dataIsObject ? idAt(p, D_GUILD) : undefined,
    dataId: undefined,
  };
  if (fields.guildId == null && dataIsObject && fields.type?.startsWith('GUILD_') === true) {
    return guildOfFields({ ...fields, dataId: idAt(p, D_ID) });
  }
  return guildOfFields(fields);
}

/** Reads only a type that changes the result; `''` stands for every other. */
function typeAt(p: Uint8Array, field: number): string | undefined {
  const start = found[2 * field] ?? ABSENT;
  if (start <= 0) return undefined;
  const end = found[2 * field + 1] ?? 0;
  if (hasEscape(p, start, end)) return unescaped(p, start, end);
  if (!isSpecialType(p[start], end - start)) return '';
  return text(p, start, end);
}

/** `''`: present, but no guild id. */
function idAt(p: Uint8Array, field: number): string | null | undefined {
  const start = found[2 * field] ?? ABSENT;
  if (start === ABSENT) return undefined;
  if (start === NULL) return null;
  if (start === ANOTHER) return '';
  const end = found[2 * field + 1] ?? 0;
  if (hasEscape(p, start, end)) return unescaped(p, start, end);
  return end - start >= 17 && end - start <= 20 ? text(p, start, end) : '';
}

/** The longest relevant word: an id of 20 digits, each written as `\u0031`. */
const MAX_ESCAPED = 6 * 20;

/** `''` for a longer word than any relevant one. The grammar is already checked. */
function unescaped(p: Uint8Array, start: number, end: number): string {
  if (end - start > MAX_ESCAPED) return '';
  return JSON.parse(text(p, start - 1, end + 1)) as string;
}

function text(p: Uint8Array, start: number, end: number): string {
  return (Buffer.isBuffer(p) ? p : Buffer.from(p.buffer, p.byteOffset, p.length)).toString(
    'utf8',
    start,
    end,
  );
}

const GUILD_ID = Buffer.from('guild_id');
const EVENT_TYPE_KEY = Buffer.from('event_type');
/** The same keys, found if they are written with escapes. */
const TOP_KEYS = new Map([
  ['d', D],
  ['t', T],
  ['guild_id', TOP_GUILD],
  ['event_type', EVENT_TYPE],
]);
const DATA_KEYS = new Map([
  ['id', D_ID],
  ['guild_id', D_GUILD],
]);

function topKey(p: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length === 1) {
    if (p[start] === 0x64) return D;
    if (p[start] === 0x74) return T;
  } else if (length === 8 && equals(p, start, GUILD_ID)) return TOP_GUILD;
  else if (length === 10 && equals(p, start, EVENT_TYPE_KEY)) return EVENT_TYPE;
  return hasEscape(p, start, end) ? (TOP_KEYS.get(unescaped(p, start, end)) ?? OTHER) : OTHER;
}

function dataKey(p: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length === 2 && p[start] === 0x69 && p[start + 1] === 0x64) return D_ID;
  if (length === 8 && equals(p, start, GUILD_ID)) return D_GUILD;
  return hasEscape(p, start, end) ? (DATA_KEYS.get(unescaped(p, start, end)) ?? OTHER) : OTHER;
}

function equals(p: Uint8Array, start: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length; i++) if (p[start + i] !== word[i]) return false;
  return true;
}

function hasEscape(p: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (p[i] === BACKSLASH) return true;
  return false;
}

function grown(old: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(old.length * 2);
  larger.set(old);
  return larger;
}
