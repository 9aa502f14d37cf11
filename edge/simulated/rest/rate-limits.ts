/**
 * Rate limits as Discord gives them: a bucket for each route and channel, guild or webhook, and one
 * for all calls of a bot. Source: https://discord.com/developers/docs/topics/rate-limits
 */
import { createHash } from 'node:crypto';
import type { Found, Limit } from './router.js';

export interface Taken {
  readonly headers: Readonly<Record<string, string>>;
  /** Null: the call may go on. */
  readonly refused: { readonly retryAfterMs: number; readonly isGlobal: boolean } | null;
}

interface Window {
  readonly until: number;
  used: number;
}

/** The ids in a path that separate buckets. */
const MAJOR = ['channel', 'guild', 'webhook'];
/** Above this many windows the closed ones are forgotten. */
const MAX_WINDOWS = 10_000;

export class RateLimits {
  readonly #windows = new Map<string, Window>();

  constructor(
    private readonly now: () => number,
    /** All calls of one bot in a second. */
    private readonly global: number,
  ) {}

  /** @param who the application's id, or the token in the path of a call without a bot token */
  take(who: string, { route, params }: Found): Taken {
    const [calls, windowMs] = route.limit;
    if (!route.isOpen) {
      const all = this.#count(`global ${who}`, [this.global, 1_000]);
      if (all.used > this.global) return this.#refusedGlobally(all);
    }
    const major = MAJOR.map((name) => params[name] ?? '').join('/');
    const window = this.#count(`${who} ${route.bucket} ${major}`, [calls, windowMs]);
    const bucket = createHash('md5').update(route.bucket).digest('hex');
    const headers = { ...this.#headers(window, calls), 'x-ratelimit-bucket': bucket };
    if (window.used <= calls) return { headers, refused: null };
    return {
      headers: { ...headers, 'x-ratelimit-scope': 'user', ...this.#retry(window) },
      refused: { retryAfterMs: window.until - this.now(), isGlobal: false },
    };
  }

  #count(key: string, [, windowMs]: Limit): Window {
    const now = this.now();
    let window = this.#windows.get(key);
    if (window === undefined || window.until <= now) {
      window = { until: now + windowMs, used: 0 };
      if (this.#windows.size >= MAX_WINDOWS) this.#forgetClosed(now);
      this.#windows.set(key, window);
    }
    window.used += 1;
    return window;
  }

  #forgetClosed(now: number): void {
    for (const [key, { until }] of this.#windows) if (until <= now) this.#windows.delete(key);
  }

  #refusedGlobally(window: Window): Taken {
    return {
      headers: {
        ...{ 'x-ratelimit-global': 'true', 'x-ratelimit-scope': 'global' },
        ...this.#retry(window),
      },
      refused: { retryAfterMs: window.until - this.now(), isGlobal: true },
    };
  }

  /** Whole seconds: some libraries cannot parse a fraction. `via` shows that Discord itself answers. */
  #retry({ until }: Window): Record<string, string> {
    const seconds = Math.max(1, Math.ceil((until - this.now()) / 1_000));
    return { 'retry-after': String(seconds), via: '1.1 simulated-discord' };
  }

  #headers({ until, used }: Window, calls: number): Record<string, string> {
    return {
      'x-ratelimit-limit': String(calls),
      'x-ratelimit-remaining': String(Math.max(0, calls - used)),
      'x-ratelimit-reset': (until / 1_000).toFixed(3),
      'x-ratelimit-reset-after': ((until - this.now()) / 1_000).toFixed(3),
    };
  }
}

/** The body of a 429. */
export const rateLimited = (retryAfterMs: number, isGlobal: boolean): object => ({
  message: 'You are being rate limited.',
  retry_after: Math.max(0.001, retryAfterMs / 1_000),
  global: isGlobal,
});
