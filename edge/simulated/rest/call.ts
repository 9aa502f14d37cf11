/** One REST call, read and checked, and the answers that a route may give. */
import type { Fields } from '../../../discord/fields.js';
import { invalidForm } from '../../../discord/rest-errors.js';
import type { Services } from '../services.js';
import type { UploadedFile } from '../world/message-input.js';
import type { Application } from '../world/world.js';

export interface Call extends Services {
  /** By the names in the route's pattern. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The body where it is an object, otherwise `{}`. */
  readonly body: Fields;
  /** The body as it was sent: an array for a bulk write. */
  readonly json: unknown;
  readonly files: readonly UploadedFile[];
}

/** A call with a bot token. */
export interface BotCall extends Call {
  readonly bot: Application;
}

/** What a route returns: an answer with a status, or the body of a 200. */
export class Answer {
  constructor(
    readonly status: number,
    readonly body?: unknown,
  ) {}
}

export const NO_CONTENT = new Answer(204);
export const created = (body: unknown): Answer => new Answer(201, body);

/** A parameter of the route's pattern. */
export function param({ params }: Call, name: string): string {
  const value = params[name];
  if (value === undefined) throw new Error(`the route has no parameter ${name}`);
  return value;
}

/** A whole number of the query, within its limits. @throws DiscordError 50035 */
export function limitOf({ query }: Call, standard: number, most: number): number {
  const given = query.get('limit');
  if (given === null) return standard;
  const value = Number(given);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  const message = `int value should be between 1 and ${most}.`;
  throw invalidForm(['limit'], 'NUMBER_TYPE_RANGE', message);
}

/** An id of the query. @throws DiscordError 50035 */
export function idOf({ query }: Call, name: string): string | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  if (isId(value)) return value;
  throw notAnId([name], value);
}

export const isId = (value: string): boolean => /^\d{1,20}$/.test(value);

export const notAnId = (path: readonly string[], value: string): Error =>
  invalidForm(path, 'NUMBER_TYPE_COERCE', `Value "${value.slice(0, 32)}" is not snowflake.`);

/** Libraries write `true`, `True` and `1`. */
export const isTrue = ({ query }: Call, name: string): boolean =>
  ['true', '1'].includes(query.get(name)?.toLowerCase() ?? '');
