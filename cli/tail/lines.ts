/** One event as one line: JSON, or text for people. Both hide tokens. */
import type { SandboxEvent } from '../../domain/events.js';
import { withoutTokens, withoutTokensInText } from '../../discord/redact.js';
import { summaryOf, type EventSummary } from '../../discord/summary.js';
import { colours, terminalWidth, type Io } from '../io.js';
import { columnsOf, cutTo } from '../width.js';

/** The limit for a payload of megabytes. A Discord message has at most 4,000 characters. */
const LONGEST = 5_000;

/** The payload as an object if it is JSON, else as text. */
export function jsonLine({ payload, ...event }: SandboxEvent): string {
  const document = parsed(payload);
  if (document !== undefined) {
    try {
      return JSON.stringify({ ...event, payload: withoutTokens(document) });
    } catch (error) {
      // Nested deeper than the call stack: shown as text.
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return JSON.stringify({ ...event, payload: withoutTokensInText(payload) });
}

/**
 * `12:34:56.789 MESSAGE_CREATE Wren #general hello`. A terminal cuts it to its width; a pipe gets
 * all.
 */
export function textLine(io: Io, event: SandboxEvent): string {
  const c = colours(io, io.stdout);
  const { author, channel, text } = summaryFor(event);
  const head = `${event.time.slice(11, 23)} ${printable(event.type)}`;
  const where = [author, channel].flatMap((part) => (part === null ? [] : [printable(part)]));
  const said = printable(text).trim();
  const line = [head, ...where, said].filter((part) => part !== '').join(' ');
  if (io.stdout.isTTY && columnsOf(line) > terminalWidth(io)) return cutTo(line, terminalWidth(io));
  return [c.dim(head), ...where.map((part) => c.cyan(part)), said]
    .filter((part) => part !== '')
    .join(' ');
}

/** The payload's text if it is no object. */
function summaryFor({ type, payload }: SandboxEvent): EventSummary {
  const summary = summaryOf(type, parsed(payload));
  return summary ?? { author: null, channel: null, text: withoutTokensInText(payload) };
}

/** Undefined for text that is no JSON object. */
function parsed(payload: string): unknown {
  try {
    const document: unknown = JSON.parse(payload);
    return typeof document === 'object' && document !== null && !Array.isArray(document)
      ? document
      : undefined;
  } catch {
    return undefined;
  }
}

/** Removes control characters: other people's text must not control the terminal. */
const printable = (text: string): string =>
  text.slice(0, LONGEST).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
