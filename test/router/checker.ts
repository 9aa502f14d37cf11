/** Compares what was acknowledged on `RAW` with what `ROUTED` holds: lost, duplicated, reordered, misrouted, altered. */

export interface PublishedEvent {
  /** Unique, and rising within a guild in the order of publishing. */
  readonly n: number;
  /** What order holds within; null: none. */
  readonly guildId: string | null;
  readonly payload: Uint8Array;
  /** `Name: value` lines, as they must arrive. */
  readonly headers: readonly string[];
  /** The subjects it may be stored under. */
  readonly allowed: readonly string[];
  /** Whether the publish was acknowledged: else it may be missing. */
  readonly acknowledged: boolean;
}

export interface StoredEvent {
  readonly sequence: number;
  readonly subject: string;
  readonly payload: Uint8Array;
  /** Without the router's own two. */
  readonly headers: readonly string[];
}

export interface Verdict {
  readonly lost: readonly number[];
  readonly duplicated: readonly number[];
  readonly reordered: readonly number[];
  readonly misrouted: readonly number[];
  readonly altered: readonly number[];
  /** Stored, but never published. */
  readonly foreign: readonly number[];
}

export const NOTHING_WRONG: Verdict = {
  lost: [],
  duplicated: [],
  reordered: [],
  misrouted: [],
  altered: [],
  foreign: [],
};

/** `numberOf` reads an event's number out of what is stored. `stored` comes in the stream's order. */
export function check(
  published: Iterable<PublishedEvent>,
  stored: Iterable<StoredEvent>,
  numberOf: (event: StoredEvent) => number | null,
): Verdict {
  const byNumber = new Map<number, PublishedEvent>();
  for (const event of published) byNumber.set(event.n, event);
  const seen = new Set<number>();
  const newest = new Map<string, number>();
  const verdict = {
    lost: [] as number[],
    duplicated: [] as number[],
    reordered: [] as number[],
    misrouted: [] as number[],
    altered: [] as number[],
    foreign: [] as number[],
  };
  for (const event of stored) {
    const n = numberOf(event);
    const original = n === null ? undefined : byNumber.get(n);
    if (n === null || original === undefined) {
      verdict.foreign.push(event.sequence);
      continue;
    }
    if (seen.has(n)) verdict.duplicated.push(n);
    seen.add(n);
    if (!original.allowed.includes(event.subject)) verdict.misrouted.push(n);
    if (
      !sameBytes(original.payload, event.payload) ||
      !sameLines(original.headers, event.headers)
    ) {
      verdict.altered.push(n);
    }
    if (original.guildId === null) continue;
    const last = newest.get(original.guildId) ?? -1;
    if (n < last) verdict.reordered.push(n);
    newest.set(original.guildId, Math.max(n, last));
  }
  for (const { n, acknowledged } of byNumber.values()) {
    if (acknowledged && !seen.has(n)) verdict.lost.push(n);
  }
  return verdict;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function sameLines(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, i) => line === b[i]);
}
