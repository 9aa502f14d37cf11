/**
 * The lifecycle of all sandboxes, from the audit. One reader serves all watchers; each gets only
 * entries that it may see.
 */
import type { Actor } from '../../domain/actor.js';
import { maySee, type Visibility } from '../../domain/permissions.js';
import { delay } from '../../platform/deadline.js';
import { auditBehind, lastAuditId, settled, type FollowedEntry } from '../../store/audit-tail.js';
import type { Database } from '../../store/database.js';
import { auditJson } from '../routes/details.js';
import { frameOf, signalOf, type Outlet } from './outlet.js';

const POLL_MS = 250;
const AWAY_MS = 500;
const BATCH = 500;

interface Watcher {
  readonly actor: Actor;
  readonly outlet: Outlet;
  readonly from: number;
}

export class LifecycleHub {
  private readonly watchers = new Set<Watcher>();
  private running: Promise<void> | null = null;
  private next = 0;
  /** Reads of the shared reader. */
  reads = 0;

  constructor(
    private readonly database: Database,
    private readonly visibility: Visibility,
  ) {}

  /** The newest entry. @throws SANDBOX_009 */
  end(): Promise<number> {
    return lastAuditId(this.database);
  }

  /** @param behind the id of the watcher's last entry; null: only new entries */
  async watch(actor: Actor, behind: number | null, outlet: Outlet): Promise<void> {
    const last = await this.end();
    let at = Math.min(behind ?? last, last);
    // Older entries are read for this watcher only, until it reaches the shared reader.
    while (at < this.position(last) && !outlet.ended.aborted)
      at = await this.catchUp(actor, at, outlet);
    if (outlet.ended.aborted) return;
    outlet.write(signalOf('waiting', {}));
    const watcher = { actor, outlet, from: at };
    this.watchers.add(watcher);
    this.running ??= this.run(at);
    await new Promise<void>((resolve) => {
      outlet.ended.addEventListener('abort', () => {
        this.watchers.delete(watcher);
        resolve();
      });
    });
  }

  async close(): Promise<void> {
    await this.running;
  }

  private position(last: number): number {
    return this.running === null ? last : this.next;
  }

  private async catchUp(actor: Actor, at: number, outlet: Outlet): Promise<number> {
    const entries = await this.read(at);
    for (const followed of entries) {
      this.hand(followed, [{ actor, outlet, from: at }]);
      await outlet.room();
    }
    if (entries.length === 0) await delay(POLL_MS);
    return entries.at(-1)?.entry.auditId ?? at;
  }

  private async read(behind: number): Promise<readonly FollowedEntry[]> {
    this.reads += 1;
    return settled(await auditBehind(this.database, behind, BATCH), behind);
  }

  private async run(begin: number): Promise<void> {
    this.next = begin;
    for (let away = false; this.watchers.size > 0;) {
      try {
        const entries = await this.read(this.next);
        away = false;
        for (const followed of entries) this.hand(followed, this.watchers);
        this.next = entries.at(-1)?.entry.auditId ?? this.next;
        if (entries.length < BATCH) await delay(POLL_MS);
      } catch {
        if (!away) for (const { outlet } of this.watchers) outlet.write(signalOf('away', {}));
        away = true;
        await delay(AWAY_MS);
      }
    }
    this.running = null;
  }

  /**
   * Only operators see entries without a sandbox (tokens, grants), and with `own` also those of
   * sandboxes never claimed.
   */
  private isShown(actor: Actor, { entry, owner }: FollowedEntry): boolean {
    if (actor.role === 'operator') return true;
    if (entry.sandboxId === null) return false;
    return owner === null ? this.visibility === 'all' : maySee(actor, owner, this.visibility);
  }

  private hand(followed: FollowedEntry, watchers: Iterable<Watcher>): void {
    const { entry } = followed;
    let frame: Buffer | undefined;
    for (const { actor, outlet, from } of watchers) {
      if (entry.auditId <= from || !this.isShown(actor, followed)) continue;
      frame ??= frameOf(entry.auditId, auditJson(entry));
      outlet.write(frame);
    }
  }
}
