/** What the steps of a create need of the row, remembered from its claim: no step reads the row again. */
import type { SandboxId } from '../domain/names.js';
import type { ClaimedTimes } from '../domain/sandbox.js';
import type { ResourceTarget } from '../resources/resource.js';

/** As long as an attempt of a step may take (workflows/steps.ts). Later the row is read. */
const REMEMBERED_MS = 12_000;

interface Claimed {
  readonly createdAt: number;
  /** Of `performance.now()`. */
  readonly until: number;
}

/**
 * The row's first values: its rotation rises only once the sandbox runs. A step that uses them late is a late attempt, and the
 * servers' fences refuse it.
 */
export class Claims {
  private readonly claimed = new Map<SandboxId, Claimed>();

  constructor(private readonly rememberedMs = REMEMBERED_MS) {}

  /**
   * Remembers nothing of a claim that was repeated: it gets the expiry of the first one, and the row may have changed since.
   * @param asked the expiry that this claim would write
   */
  begun(sandboxId: SandboxId, { createdAt, expiresAt }: ClaimedTimes, asked: Date): void {
    this.forgetOld();
    if (expiresAt !== asked.getTime()) return;
    this.claimed.set(sandboxId, { createdAt, until: performance.now() + this.rememberedMs });
  }

  /** The row's status is another one now. */
  over(sandboxId: SandboxId): void {
    this.claimed.delete(sandboxId);
  }

  /** Undefined: only the row knows. */
  targetOf(sandboxId: SandboxId): ResourceTarget | undefined {
    const known = this.claimed.get(sandboxId);
    if (known === undefined || known.until < performance.now()) return undefined;
    return { sandboxId, rotation: 0, createdAt: new Date(known.createdAt), fresh: true };
  }

  /** A map keeps the order of insertion, so the oldest come first. */
  private forgetOld(): void {
    const now = performance.now();
    for (const [sandboxId, { until }] of this.claimed) {
      if (until >= now) return;
      this.claimed.delete(sandboxId);
    }
  }
}
