/**
 * Addressed events: `{events,commands}.raw.for.<sandbox id>.<TYPE>` in RAW (docs/routing.md). The
 * subject alone names the sandbox, so a publisher's rights on subjects are its rights on sandboxes.
 */
import type { EventFamily } from '../domain/events.js';
import { isSandboxId, type SandboxId } from '../domain/names.js';
import { ADDRESS_TOKEN } from './subjects.js';

/** `MESSAGE_CREATE`, `guild.join`: tokens that NATS accepts unchanged. */
const TYPE = /^[^\s.*>]+(\.[^\s.*>]+)*$/;

/** A longer type could exceed the server's limit for one line. */
const MAX_TYPE = 512;

export const isEventType = (text: string): boolean => text.length <= MAX_TYPE && TYPE.test(text);

export const addressedSubject = (family: EventFamily, sandboxId: SandboxId, type: string): string =>
  `${family}.raw.${ADDRESS_TOKEN}.${sandboxId}.${type}`;

export type Address =
  { readonly sandboxId: SandboxId; readonly type: string } | { readonly fault: string };

/**
 * @param rest the subject after `events.raw.` or `commands.raw.`
 * @returns null if the event is not addressed
 */
export function parseAddress(rest: string): Address | null {
  const [first, sandboxId, ...type] = rest.split('.');
  if (first !== ADDRESS_TOKEN) return null;
  if (!isSandboxId(sandboxId)) return { fault: 'the subject names no sandbox id' };
  if (type.length === 0) return { fault: 'the subject names a sandbox and no type' };
  return { sandboxId, type: type.join('.') };
}
