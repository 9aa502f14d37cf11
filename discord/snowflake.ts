/**
 * Discord's ids: milliseconds since 2015 in the upper 42 bits, then bits that separate ids of one
 * millisecond.
 */

const DISCORD_EPOCH_MS = 1_420_070_400_000;
const LOWER_BITS = 22n;
/** The lower bits: a counter, and the maker's number. */
const COUNTED = 4_096;
const MAKERS = 1_024;

/** @param lower the last 22 bits */
export function snowflakeAt(ms: number, lower = 0): string {
  return String((BigInt(ms - DISCORD_EPOCH_MS) << LOWER_BITS) + BigInt(lower));
}

/** The id's creation in ms since 1970. */
export function timeOfSnowflake(id: string): number {
  return Number(BigInt(id) >> LOWER_BITS) + DISCORD_EPOCH_MS;
}

/** Makes ids of the present moment, each greater than the one before. */
export class Snowflakes {
  readonly #maker: number;
  #ms = 0;
  #count = 0;

  /** @param random from 0 to 1: separates two makers in the same millisecond */
  constructor(
    private readonly now: () => number,
    readonly random: () => number,
  ) {
    this.#maker = Math.floor(random() * MAKERS) * COUNTED;
  }

  next(): string {
    const ms = this.now();
    if (ms > this.#ms) [this.#ms, this.#count] = [ms, 0];
    else if (++this.#count === COUNTED) [this.#ms, this.#count] = [this.#ms + 1, 0];
    return snowflakeAt(this.#ms, this.#maker + this.#count);
  }
}
