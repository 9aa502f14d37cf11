/**
 * The events of a chaos run. Each is a function of its number, so that a million need not be kept.
 */
import { guild, sandbox } from '../../support/ids.js';
import type { PublishedEvent } from '../router/checker.js';

export const GUILDS = 40;
/**
 * Guilds below this bound always have a sandbox. Those up to the next bound flip. The rest belong
 * to production.
 */
export const MAPPED = 10;
export const FLIPPING = 14;

export type Kind = 'guild' | 'none' | 'malformed';

const FILLER = 'x'.repeat(900);
/** Larger than every limit of the router's reader and writer. */
const LARGE = 'y'.repeat(330_000);
/** Looks like frames to a reader that has lost its position. */
const BAIT = "\r\n\r\nMSG events.raw.X 1 3\r\nabc\r\n-ERR 'x'\r\nPING\r\n";
const LONG_TYPE = 'L'.repeat(700);

/** Takes no addressed events in any run. */
const NOBODY = 'sb9999999999';

/**
 * Every 50th is broken (every 4th of these is empty, every 4th full of frames). Every 17th has no
 * guild, every 397th is large. Every 23rd is addressed to another sandbox than its guild's, or to
 * none.
 */
export class ChaosEvent implements PublishedEvent {
  constructor(
    readonly n: number,
    readonly acknowledged: boolean,
    private readonly sandboxOf: (g: number) => string | null,
  ) {}

  get kind(): Kind {
    if (this.n % 50 === 49) return 'malformed';
    return this.n % 17 === 16 ? 'none' : 'guild';
  }

  /** Uneven: some guilds have many more events than others. */
  get guildNumber(): number {
    return (this.n * this.n + 3 * this.n) % GUILDS;
  }

  get guildId(): string | null {
    return this.kind === 'guild' ? guild(this.guildNumber) : null;
  }

  /** The subject without `raw.`, such as `events.MESSAGE_CREATE`. */
  get production(): string {
    if (this.n % 97 === 96) return `events.${LONG_TYPE}`;
    if (this.n % 11 === 10) return 'commands.interaction.create';
    return this.n % 5 === 4 ? 'events.guild.join' : 'events.MESSAGE_CREATE';
  }

  get rawSubject(): string {
    const { addressee } = this;
    return this.production.replace('.', addressee === null ? '.raw.' : `.raw.for.${addressee}.`);
  }

  /** The sandbox that the subject names, or null. */
  get addressee(): string | null {
    if (this.n % 23 !== 22) return null;
    return (this.n % 2 === 0 ? this.sandboxOf(this.n % MAPPED) : null) ?? NOBODY;
  }

  get allowed(): string[] {
    const { addressee } = this;
    if (addressee === NOBODY) return ['dlq.addressee'];
    if (this.kind === 'malformed') return ['dlq.malformed'];
    if (addressee !== null) return [`sandbox.${addressee}.${this.production}`];
    const there = this.kind === 'guild' ? this.sandboxOf(this.guildNumber) : null;
    const place = there === null ? this.production : `sandbox.${there}.${this.production}`;
    return this.flips ? [place, this.production] : [place];
  }

  get flips(): boolean {
    const g = this.guildNumber;
    return this.kind === 'guild' && this.addressee === null && g >= MAPPED && g < FLIPPING;
  }

  get payload(): Buffer {
    const { n, guildId } = this;
    if (n % 200 === 49) return Buffer.alloc(0);
    const content =
      n % 397 === 396
        ? LARGE.slice(0, 60_000 + ((n * 7_919) % 270_000))
        : FILLER.slice(0, (n * 37) % FILLER.length);
    const d = { n, ...(guildId === null ? {} : { guild_id: guildId }), content };
    const whole = JSON.stringify({ t: 'MESSAGE_CREATE', s: n, op: 0, d });
    if (n % 200 === 99) return Buffer.from(whole + BAIT);
    return Buffer.from(this.kind === 'malformed' ? whole.slice(0, -1) : whole);
  }

  /** The headers that must arrive, one character a byte. */
  get headers(): string[] {
    return this.ownHeaders.map((line) => line.replace(/^(?=Nats-|Raw-Seq:)/, 'Sandbox-Origin-'));
  }

  /**
   * The published headers: some that this client would not write, and some that the server would
   * obey.
   */
  get ownHeaders(): string[] {
    const { n, kind } = this;
    if (n % 3 === 0 && kind !== 'malformed') return [];
    const lines = [`X-Number: ${n}`, 'x-trace:  as it is\t'];
    if (n % 13 === 12)
      lines.push('two words: a\nb', 'Gr\xc3\xb6\xc3\x9fe: \xff', 'x-trace: again', ':');
    if (n % 19 === 18) lines.push(`Nats-Msg-Id: ${n}`, 'Raw-Seq: 1', 'Nats-Expected-Stream: RAW');
    if (n % 101 === 100) lines.push(`X-Long: ${FILLER.repeat(9)}`);
    return lines;
  }
}

/** The sandbox of a mapped or flipping guild. A run on the product's own stack uses other ids. */
export const fixedSandboxes = (g: number): string | null =>
  g < FLIPPING ? sandbox(g % MAPPED) : null;
