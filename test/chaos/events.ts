/** The events of a chaos run: each a function of its number, so that a million of them need not be kept. */
import { guild, sandbox } from '../router/routes.js';
import type { PublishedEvent } from '../router/checker.js';

export const GUILDS = 40;
/** Guilds below are mapped to a sandbox for good; up to the next bound they flip; the rest are production's. */
export const MAPPED = 10;
export const FLIPPING = 14;

export type Kind = 'guild' | 'none' | 'malformed';

const FILLER = 'x'.repeat(900);

/** Every 50th is broken, every 17th has no guild; types and subjects vary. */
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

  /** Spread unevenly, as guilds are. */
  get guildNumber(): number {
    return (this.n * this.n + 3 * this.n) % GUILDS;
  }

  get guildId(): string | null {
    return this.kind === 'guild' ? guild(this.guildNumber) : null;
  }

  /** `events.MESSAGE_CREATE` and the like: the subject without `raw.` */
  get production(): string {
    if (this.n % 11 === 10) return 'commands.interaction.create';
    return this.n % 5 === 4 ? 'events.guild.join' : 'events.MESSAGE_CREATE';
  }

  get rawSubject(): string {
    return this.production.replace('.', '.raw.');
  }

  get allowed(): string[] {
    if (this.kind === 'malformed') return ['dlq.malformed'];
    const there = this.kind === 'guild' ? this.sandboxOf(this.guildNumber) : null;
    const place = there === null ? this.production : `sandbox.${there}.${this.production}`;
    return this.flips ? [place, this.production] : [place];
  }

  get flips(): boolean {
    const g = this.guildNumber;
    return this.kind === 'guild' && g >= MAPPED && g < FLIPPING;
  }

  get payload(): Buffer {
    const { n, guildId } = this;
    const content = FILLER.slice(0, (n * 37) % FILLER.length);
    const d = { n, ...(guildId === null ? {} : { guild_id: guildId }), content };
    const whole = JSON.stringify({ t: 'MESSAGE_CREATE', s: n, op: 0, d });
    return Buffer.from(this.kind === 'malformed' ? whole.slice(0, -1) : whole);
  }

  get headers(): string[] {
    return this.n % 3 === 0 ? [] : [`X-Number: ${this.n}`, 'x-trace:  as it is\t'];
  }
}

/** Which sandbox a mapped or flipping guild has; in a run on the product's own stack, ids of its own. */
export const fixedSandboxes = (g: number): string | null =>
  g < FLIPPING ? sandbox(g % MAPPED) : null;
