/** The body of a REST call: JSON, or a form with files and `payload_json`. */
import type { IncomingMessage } from 'node:http';
import { parseBody } from 'hono/utils/body';
import { parseWithExactIds } from '../../../discord/exact-ids.js';
import { isObject, type Fields } from '../../../discord/fields.js';
import { invalidForm, refusal } from '../../../discord/rest-errors.js';
import type { UploadedFile } from '../world/message-input.js';

/** Discord's limit for a whole request. */
const MAX_BYTES = 25 * 1024 * 1024;

export interface RequestBody {
  readonly json: unknown;
  readonly body: Fields;
  readonly files: readonly UploadedFile[];
}

const EMPTY: RequestBody = { json: undefined, body: {}, files: [] };

/** @throws DiscordError 40005, 50109, 50035 */
export async function readBody(request: IncomingMessage): Promise<RequestBody> {
  const bytes = await readBytes(request);
  if (bytes.length === 0) return EMPTY;
  const type = request.headers['content-type'] ?? '';
  if (type.startsWith('multipart/form-data')) return readForm(bytes, type);
  if (type.startsWith('application/json')) return ofJson(parsed(bytes.toString('utf8')), []);
  const message = 'Expected "Content-Type" header to be one of {\'application/json\'}.';
  throw invalidForm(['_request'], 'CONTENT_TYPE_INVALID', message);
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length <= MAX_BYTES) parts.push(part);
  }
  // All of it is read before the refusal: a client that still writes would not see the answer.
  if (length > MAX_BYTES) throw refusal('tooLarge');
  return Buffer.concat(parts);
}

async function readForm(bytes: Buffer, type: string): Promise<RequestBody> {
  const headers = { 'content-type': type };
  const body = new Uint8Array(bytes);
  const request = new Request('http://simulated.invalid', { method: 'POST', headers, body });
  const form = await parseBody(request).catch(() => {
    throw refusal('badRequest');
  });
  const files: UploadedFile[] = [];
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(form)) {
    if (value instanceof File) files.push(fileOf(name, value));
    else fields[name] = value;
  }
  const { payload_json: payload } = fields;
  return ofJson(typeof payload === 'string' ? parsed(payload) : fields, files);
}

interface FilePart {
  readonly name: string;
  readonly size: number;
  readonly type: string;
}

const fileOf = (name: string, { name: filename, size, type }: FilePart): UploadedFile => ({
  ...{ name, filename, size, contentType: type === '' ? 'application/octet-stream' : type },
});

const ofJson = (json: unknown, files: readonly UploadedFile[]): RequestBody => ({
  ...{ json, body: isObject(json) ? json : {}, files },
});

function parsed(text: string): unknown {
  try {
    return parseWithExactIds(text);
  } catch {
    throw refusal('invalidJson');
  }
}
