/** The limits of open requests and streams, per token and for all tokens. */
import { SandboxError } from '../domain/errors.js';

export interface Bounds {
  readonly perToken: number;
  readonly all: number;
}

/** Requests in progress. Each waits for a server, so more of them would only queue there. */
export const REQUESTS: Bounds = { perToken: 64, all: 512 };
/** Look-ups of tokens in progress, for all callers together. */
export const SIGN_INS: Bounds = { perToken: 256, all: 256 };
/** About 20 kB each. */
export const STREAMS: Bounds = { perToken: 64, all: 1_024 };

/** Counts open requests or streams per token. */
export class Gate {
  private readonly counts = new Map<string, number>();
  private total = 0;

  constructor(
    private readonly what: string,
    private readonly bounds: Bounds,
  ) {}

  get open(): number {
    return this.total;
  }

  /** @returns the leaving, which may be called again without effect @throws SANDBOX_013 */
  enter(tokenId: string): () => void {
    const count = this.counts.get(tokenId) ?? 0;
    const { perToken, all } = this.bounds;
    if (count >= perToken || this.total >= all) {
      const whose = this.total < all ? `this token has ${perToken}` : `the API has ${all}`;
      throw new SandboxError('SANDBOX_013', `${whose} ${this.what} open, which is the limit`);
    }
    this.counts.set(tokenId, count + 1);
    this.total += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.total -= 1;
      const rest = (this.counts.get(tokenId) ?? 1) - 1;
      if (rest === 0) this.counts.delete(tokenId);
      else this.counts.set(tokenId, rest);
    };
  }
}
