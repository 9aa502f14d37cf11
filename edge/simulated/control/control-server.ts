/** The control surface over HTTP, for a process that has the secret. */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isObject, list, text, type Fields } from '../../../discord/fields.js';
import { DiscordError, invalidForm, refusal } from '../../../discord/rest-errors.js';
import { readBody } from '../rest/request-body.js';
import { DISTURBANCES, type DiscordControl } from './control.js';
import { typedOptions } from './local-control.js';

export const CONTROL_PATH = '/simulated/';

/** The operations by their last part of the path. Each takes a JSON object. */
export type Operation =
  'guilds' | 'say' | 'slash' | 'press' | 'messages' | 'applications' | 'disturb';

export class ControlServer {
  readonly #secret: Buffer;

  constructor(
    private readonly control: DiscordControl,
    secret: string,
    private readonly onFailure: (error: unknown) => void,
  ) {
    this.#secret = Buffer.from(`Bearer ${secret}`);
  }

  /** Never rejects. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [status, body] = await this.#answer(request).then(
      (answer) => [200, answer] as const,
      (error: unknown) => this.#refused(error),
    );
    if (response.destroyed) return;
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(JSON.stringify(body));
  }

  async #answer(request: IncomingMessage): Promise<unknown> {
    const given = Buffer.from(request.headers.authorization ?? '');
    const isKnown = given.length === this.#secret.length && timingSafeEqual(given, this.#secret);
    if (!isKnown) throw refusal('unauthorized');
    if (request.method !== 'POST') throw refusal('methodNotAllowed');
    const { body } = await readBody(request);
    return this.#run((request.url ?? '').slice(CONTROL_PATH.length) as Operation, body);
  }

  #run(operation: Operation, body: Fields): Promise<unknown> {
    const { control } = this;
    switch (operation) {
      case 'guilds':
        return control.guilds();
      case 'say':
        return control.say(
          ...([required(body, 'guild'), required(body, 'text')] as const),
          text(body, 'channelId') ?? undefined,
        );
      case 'slash':
        return control.slash(
          ...([required(body, 'guild'), required(body, 'command')] as const),
          typedOptions(body.options),
        );
      case 'press':
        return control.press(
          ...([required(body, 'guild'), required(body, 'messageId')] as const),
          required(body, 'customId'),
          list(body, 'values').map(String),
        );
      case 'messages':
        return control.messages(required(body, 'guild'));
      case 'applications':
        return control.applications();
      case 'disturb':
        return control.disturb(disturbanceIn(body));
      default:
        throw refusal('notFound');
    }
  }

  #refused(error: unknown): readonly [number, unknown] {
    if (error instanceof DiscordError) return [error.status, error.body];
    this.onFailure(error);
    return [500, refusal('internal').body];
  }
}

function required(body: Fields, name: string): string {
  const value = text(body, name);
  if (value !== null) return value;
  throw invalidForm([name], 'BASE_TYPE_REQUIRED', 'This field is required');
}

function disturbanceIn(body: Fields): (typeof DISTURBANCES)[number] {
  const how = DISTURBANCES.find((one) => one === body.how);
  if (how !== undefined) return how;
  const message = `Value must be one of {${DISTURBANCES.join(', ')}}.`;
  throw invalidForm(['how'], 'BASE_TYPE_CHOICES', message);
}

/** A refusal that came over HTTP, as it was thrown. */
export function refusalFrom(status: number, body: unknown): DiscordError {
  const fields = isObject(body) ? body : {};
  const { code } = fields;
  const message = [text(fields, 'message') ?? `status ${status}`, ...reasonsIn(fields.errors)];
  return new DiscordError(status, typeof code === 'number' ? code : 0, message.join(': '));
}

/** The texts of `errors`, however deep they are. */
function reasonsIn(errors: unknown): string[] {
  if (Array.isArray(errors)) return errors.flatMap(reasonsIn);
  if (!isObject(errors)) return [];
  const { message } = errors;
  return typeof message === 'string' ? [message] : Object.values(errors).flatMap(reasonsIn);
}
