/** The whole route table in memory, at one version (docs/routing.md). */
import type { GuildId } from '../../domain/guild.js';
import { isSandboxId, type SandboxId } from '../../domain/names.js';
import type { Route } from '../../routing/route.js';

export class RouteTable {
  #sandboxes = new Map<string, SandboxId>();
  #addressees = new Set<string>();
  #version = -1;

  /** -1: never loaded. */
  get version(): number {
    return this.#version;
  }

  get size(): number {
    return this.#sandboxes.size;
  }

  /** Sandboxes that take addressed events. */
  get addressees(): ReadonlySet<string> {
    return this.#addressees;
  }

  /** Sandboxes that any event may go to. */
  sandboxes(): ReadonlySet<string> {
    return new Set([...this.#addressees, ...this.#sandboxes.values()]);
  }

  /** 0.05-0.2 µs at 300 routes, 0.7-1.9 at 1,000,000. */
  readonly sandboxOf = (guildId: GuildId): SandboxId | undefined => this.#sandboxes.get(guildId);

  readonly isAddressee = (sandboxId: SandboxId): boolean => this.#addressees.has(sandboxId);

  /** Applies all changes between this version and `version`; newer entries may be among them. */
  apply(changes: Iterable<Route>, version: number): void {
    for (const { key, sandboxId } of changes) {
      if (isSandboxId(key)) {
        if (sandboxId === null) this.#addressees.delete(key);
        else this.#addressees.add(key);
      } else if (sandboxId === null) this.#sandboxes.delete(key);
      else this.#sandboxes.set(key, sandboxId);
    }
    this.#version = version;
  }

  /**
   * Replaces the whole table at once, after Postgres went back to a backup. The table is never
   * empty between.
   */
  replace(routes: Iterable<Route>, version: number): void {
    this.#sandboxes = new Map();
    this.#addressees = new Set();
    this.apply(routes, version);
  }
}
