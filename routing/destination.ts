/** The destination of an event: the pure decision of the router (docs/routing.md). */
import { isNeverSandboxed, type EventClass } from '../discord/guild-of-event.js';
import type { GuildId } from '../domain/guild.js';
import type { SandboxId } from '../domain/names.js';
import { DLQ_PREFIX, RAW_EVENT_SUBJECTS } from './subjects.js';
import { parseAddress, type Address } from './addressed.js';

export const DLQ_REASONS = [
  'addressee',
  'malformed',
  'oversize',
  'raw',
  'subject',
  'uncovered',
] as const;
export type DlqReason = (typeof DLQ_REASONS)[number];

export interface Destination {
  readonly subject: string;
  /** null: production, or the DLQ. */
  readonly sandboxId: SandboxId | null;
  readonly dlq: { readonly reason: DlqReason; readonly detail: string } | null;
}

export interface DestinationRules {
  /**
   * True if `ROUTED` stores this subject. A publish that no stream covers would never be answered.
   */
  readonly covers: (subject: string) => boolean;
  readonly sandboxOf: (guildId: GuildId) => SandboxId | undefined;
  /** True if the sandbox takes addressed events. */
  readonly isAddressee: (sandboxId: SandboxId) => boolean;
}

/** `events.raw.` → `events.`, `commands.raw.` → `commands.`. */
const FAMILIES = RAW_EVENT_SUBJECTS.map((pattern) => {
  const raw = pattern.slice(0, -1);
  return { raw, family: raw.slice(0, -'raw.'.length) };
});

export function dlq(reason: DlqReason, detail: string): Destination {
  return { subject: DLQ_PREFIX + reason, sandboxId: null, dlq: { reason, detail } };
}

/**
 * The decision is final. It follows the order in which the router sees a mapping's change and the
 * event.
 */
export function decide(rules: DestinationRules, subject: string, event: EventClass): Destination {
  const source = FAMILIES.find(({ raw }) => subject.startsWith(raw));
  if (source === undefined || subject.length === source.raw.length) {
    return dlq('subject', 'not a subject that the router reads');
  }
  const type = subject.slice(source.raw.length);
  const address = parseAddress(type);
  if (address !== null) return decideAddressed(rules, source.family, address, event);
  if (isRawType(type)) return dlq('raw', FED_BACK);
  if (event.kind === 'malformed') return dlq('malformed', event.detail);
  if (event.kind === 'guild') {
    const sandboxId = isNeverSandboxed(type) ? undefined : rules.sandboxOf(event.guildId);
    if (sandboxId !== undefined) {
      return { subject: `sandbox.${sandboxId}.${source.family}${type}`, sandboxId, dlq: null };
    }
  }
  const production = source.family + type;
  if (!rules.covers(production)) return dlq('uncovered', `no stream covers ${production}`);
  return { subject: production, sandboxId: null, dlq: null };
}

const FED_BACK = 'a type that begins with "raw" would feed the router its own output';
const isRawType = (type: string): boolean => type === 'raw' || type.startsWith('raw.');

/**
 * An addressed event goes to its addressee or to the DLQ. The payload's guild and type do not
 * matter.
 */
function decideAddressed(
  rules: DestinationRules,
  family: string,
  address: Address,
  event: EventClass,
): Destination {
  if ('fault' in address) return dlq('addressee', address.fault);
  const { sandboxId, type } = address;
  if (isRawType(type)) return dlq('raw', FED_BACK);
  if (!rules.isAddressee(sandboxId)) {
    return dlq('addressee', `sandbox ${sandboxId} is not running`);
  }
  if (event.kind === 'malformed') return dlq('malformed', event.detail);
  return { subject: `sandbox.${sandboxId}.${family}${type}`, sandboxId, dlq: null };
}

/** Destinations of one subject: production's or the DLQ's, and each sandbox's. */
interface Known {
  /** Null for an addressed subject: its destination changes with the addressee. */
  readonly other: Destination | null;
  readonly bySandbox: Map<SandboxId, Destination>;
}
/** A limit, because subjects come from outside. */
const MAX_KNOWN = 4_096;

export type Destinations = (subject: string, event: EventClass) => Destination;

const isAddressed = (subject: string): boolean =>
  FAMILIES.some(({ raw }) => subject.startsWith(raw) && parseAddress(subject.slice(raw.length)));

/** `decide` with a cache by subject and sandbox: an event takes two look-ups and no new string. */
export function remembering(rules: DestinationRules): Destinations {
  const known = new Map<string, Known>();
  return (subject, event) => {
    if (event.kind === 'malformed') return decide(rules, subject, event);
    let entry = known.get(subject);
    if (entry === undefined) {
      if (known.size >= MAX_KNOWN) known.clear();
      const other = isAddressed(subject) ? null : decide(rules, subject, { kind: 'production' });
      entry = { other, bySandbox: new Map() };
      known.set(subject, entry);
    }
    if (entry.other === null) return decide(rules, subject, event);
    if (event.kind !== 'guild') return entry.other;
    const sandboxId = rules.sandboxOf(event.guildId);
    if (sandboxId === undefined) return entry.other;
    let destination = entry.bySandbox.get(sandboxId);
    if (destination === undefined) {
      if (entry.bySandbox.size >= MAX_KNOWN) entry.bySandbox.clear();
      destination = decide(rules, subject, event);
      entry.bySandbox.set(sandboxId, destination);
    }
    return destination;
  };
}

export interface Limits {
  /** Headers and payload together, from the server's INFO. */
  readonly maxPayload: number;
  /** The server's `max_control_line`, which INFO does not contain. */
  readonly maxControlLine: number;
}
/** JetStream refuses more: "header size exceeds maximum allowed of 64k". */
const MAX_HEADER_BYTES = 65_535;
/** Reserved in the control line for the verb, the reply subject and the sizes. */
const CONTROL_LINE_RESERVE = 256;

/**
 * Why `ROUTED` would refuse an event that `RAW` took, or null. Checked before sending: a retry
 * would be refused for ever.
 */
export function oversize(
  size: { readonly subject: string; readonly headerBytes: number; readonly payloadBytes: number },
  limits: Limits,
): string | null {
  if (size.headerBytes > MAX_HEADER_BYTES)
    return `headers of ${size.headerBytes} bytes pass 64 KiB`;
  if (size.headerBytes + size.payloadBytes > limits.maxPayload) {
    return `${size.headerBytes + size.payloadBytes} bytes pass max_payload`;
  }
  const longest = limits.maxControlLine - CONTROL_LINE_RESERVE;
  // A character has at most 3 bytes of UTF-8 here. The exact length is computed only if it could
  // matter.
  if (size.subject.length * 3 > longest && Buffer.byteLength(size.subject) > longest) {
    return `a subject of ${Buffer.byteLength(size.subject)} bytes passes the control line`;
  }
  return null;
}

/**
 * True if a subject of the stream covers the given one. Answers are cached, because types are few.
 */
export function subjectMatcher(patterns: readonly string[]): (subject: string) => boolean {
  const split = patterns.map((pattern) => pattern.split('.'));
  const known = new Map<string, boolean>();
  return (subject) => {
    const remembered = known.get(subject);
    if (remembered !== undefined) return remembered;
    const tokens = subject.split('.');
    const covered = split.some((pattern) => matches(pattern, tokens));
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(subject, covered);
    return covered;
  };
}

function matches(pattern: readonly string[], tokens: readonly string[]): boolean {
  for (const [i, part] of pattern.entries()) {
    if (part === '>') return tokens.length > i;
    if (i >= tokens.length || (part !== '*' && part !== tokens[i])) return false;
  }
  return pattern.length === tokens.length;
}
