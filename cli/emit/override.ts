/**
 * Changes fields of a catalogue event before it is published: `--set content=hello`, `--set
 * author.id=42`.
 */
import { usage } from '../io.js';

interface Fields {
  [key: string]: unknown;
}

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

/** The fields around a gateway dispatch's `d`. */
const ENVELOPE = new Set(['op', 's', 't', 'd']);

/**
 * Paths begin in `d` of a gateway dispatch, else at the top. `$.` always means the top, and so does
 * a field of the dispatch itself, as in `d.content`.
 * @throws SANDBOX_008 for a payload that is no JSON object, or a path through a value that is no
 * object
 */
export function override(payload: string, settings: readonly string[]): string {
  if (settings.length === 0) return payload;
  let document: unknown;
  try {
    document = JSON.parse(payload);
  } catch {
    document = null;
  }
  if (!isFields(document) || Array.isArray(document)) {
    throw usage('this event is no JSON object, so no field of it can be set', 'Leave --set out.');
  }
  for (const setting of settings) apply(document, setting);
  return JSON.stringify(document);
}

function apply(document: Fields, setting: string): void {
  const equals = setting.indexOf('=');
  const path = equals < 0 ? '' : setting.slice(0, equals);
  if (path === '') {
    throw usage(`--set ${JSON.stringify(setting)} is not valid`, 'Use --set path=value.');
  }
  const steps = path.split('.');
  const [first = ''] = steps;
  let place = document;
  if (first === '$') steps.shift();
  else if ('t' in document && isFields(document.d) && !meansEnvelope(first, document.d))
    place = document.d;
  const last = steps.pop() ?? '';
  for (const step of steps) {
    const next = Object.hasOwn(place, step) ? place[step] : define(place, step, {});
    if (!isFields(next)) {
      throw usage(`--set ${JSON.stringify(path)}: ${step} is no object`, 'Set it as a whole.');
    }
    place = next;
  }
  define(place, last, valueOf(setting.slice(equals + 1)));
}

const meansEnvelope = (step: string, d: Fields): boolean =>
  ENVELOPE.has(step) && !Object.hasOwn(d, step);

/** Works also for a field named `__proto__`. */
function define(place: Fields, key: string, value: unknown): unknown {
  Object.defineProperty(place, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
  return value;
}

/**
 * Parses JSON; anything else is text. A number that JavaScript would round (a snowflake) stays
 * text.
 */
function valueOf(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text;
  }
  return typeof value === 'number' && String(value) !== text ? text : value;
}
