/** What a clean-up may touch: only what is being destroyed, or gone. */
import { SandboxError } from '../domain/errors.js';
import type { SandboxId } from '../domain/names.js';
import type { SandboxStatus } from '../domain/status.js';
import type { Database } from '../store/database.js';
import { statusOf } from '../store/sandboxes.js';

const ENDING: readonly (SandboxStatus | null)[] = ['destroying', 'destroyed', null];

/** Sandboxes whose clean-up goes on at the same time; of more, the row is read again. */
const REMEMBERED = 10_000;

/**
 * Whoever has access to Temporal can call an activity with any arguments, so each step of a clean-up asks the row first.
 * `destroying` is final and is remembered: a destroy of five steps reads the row for none of them.
 */
export class Endings {
  private readonly ending = new Set<SandboxId>();

  constructor(private readonly database: Database) {}

  /** The row is `destroying` from now on. */
  begun(sandboxId: SandboxId): void {
    if (this.ending.size >= REMEMBERED) this.ending.clear();
    this.ending.add(sandboxId);
  }

  over(sandboxId: SandboxId): void {
    this.ending.delete(sandboxId);
  }

  /** Without a row there is nothing to protect: a resource comes after its row. @throws SANDBOX_010 for any other status */
  async require(sandboxId: SandboxId): Promise<void> {
    if (this.ending.has(sandboxId)) return;
    const status = await statusOf(this.database, sandboxId);
    if (ENDING.includes(status)) return;
    throw new SandboxError(
      'SANDBOX_010',
      `sandbox ${sandboxId} is ${String(status)}: only what is being destroyed is removed`,
      { hint: '`bd sandbox destroy` destroys it.', details: { lacks: { kind: 'signature' } } },
    );
  }
}
