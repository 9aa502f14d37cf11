/**
 * Compares the acknowledged events of `RAW` with the content of `ROUTED`: lost, duplicated,
 * reordered, misrouted, altered.
 */

export interface PublishedEvent {
  /** Unique, and increasing within a guild in the order of publishing. */
  readonly n: number;
  /** Order holds within a guild; null: no order. */
  readonly guildId: string | null;
  readonly payload: Uint8Array;
  /** `Name: value` lines that must arrive. */
  readonly headers: readonly string[];
  /** The subjects under which it may be stored. */
  readonly allowed: readonly string[];
  /** True if the publish was acknowledged. Otherwise the event may be missing. */
  readonly acknowledged: boolean;
}

export interface StoredEvent {
  readonly sequence: number;
  readonly subject: string;
  readonly payload: Uint8Array;
  /** Without the two headers of the router. */
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

type Lists = { -readonly [K in keyof Verdict]: number[] };

/** Takes stored events one by one, in the stream's order: a million need not be held at once. */
export class Checker {
  readonly #byNumber = new Map<number, PublishedEvent>();
  readonly #seen = new Set<number>();
  readonly #newest = new Map<string, number>();
  readonly #found: Lists = {
    lost: [],
    duplicated: [],
    reordered: [],
    misrouted: [],
    altered: [],
    foreign: [],
  };

  constructor(published: Iterable<PublishedEvent>) {
    for (const event of published) this.#byNumber.set(event.n, event);
  }

  /** @param n the event's number, or null if it has none */
  add(event: StoredEvent, n: number | null): void {
    const { duplicated, misrouted, altered, reordered, foreign } = this.#found;
    const original = n === null ? undefined : this.#byNumber.get(n);
    if (n === null || original === undefined) {
      foreign.push(event.sequence);
      return;
    }
    if (this.#seen.has(n)) duplicated.push(n);
    this.#seen.add(n);
    if (!original.allowed.includes(event.subject)) misrouted.push(n);
    if (
      !sameBytes(original.payload, event.payload) ||
      !sameLines(original.headers, event.headers)
    ) {
      altered.push(n);
    }
    if (original.guildId === null) return;
    const last = this.#newest.get(original.guildId) ?? -1;
    if (n < last) reordered.push(n);
    this.#newest.set(original.guildId, Math.max(n, last));
  }

  verdict(): Verdict {
    const lost: number[] = [];
    for (const { n, acknowledged } of this.#byNumber.values()) {
      if (acknowledged && !this.#seen.has(n)) lost.push(n);
    }
    return { ...this.#found, lost };
  }
}

/** `numberOf` reads the number of a stored event. `stored` is in the stream's order. */
export function check(
  published: Iterable<PublishedEvent>,
  stored: Iterable<StoredEvent>,
  numberOf: (event: StoredEvent) => number | null,
): Verdict {
  const checker = new Checker(published);
  for (const event of stored) checker.add(event, numberOf(event));
  return checker.verdict();
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function sameLines(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, i) => line === b[i]);
}
