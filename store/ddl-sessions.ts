/**
 * Sessions for DDL, replaced after a number of uses. Each DDL leaves entries in the catalogue
 * caches of long-lived sessions, and later invalidations walk them: after 1,000 creates a create
 * took twice Postgres' CPU (docs/lifecycle.md).
 */
import { closePostgres, type Sql } from '../platform/postgres.js';

/**
 * Uses of a generation. A create and its destroy are four uses; new sessions take about 20 ms of
 * CPU each.
 */
const USES = 400;

interface Generation {
  readonly sql: Sql;
  uses: number;
  users: number;
}

export class DdlSessions {
  private current: Generation | undefined;
  /** Retired generations that still have a user. */
  private readonly leaving = new Set<Generation>();
  private readonly closing = new Set<Promise<void>>();

  /** @param open opens a pool, which connects at its first query */
  constructor(
    private readonly open: () => Sql,
    private readonly uses = USES,
  ) {}

  /** Runs `work` on the current generation, which stays open until `work` has ended. */
  async use<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    const generation = this.join();
    try {
      return await work(generation.sql);
    } finally {
      generation.users -= 1;
      if (generation.users === 0 && this.leaving.delete(generation)) this.end(generation);
    }
  }

  async close(): Promise<void> {
    const open = [...this.leaving, ...(this.current === undefined ? [] : [this.current])];
    this.leaving.clear();
    this.current = undefined;
    for (const generation of open) this.end(generation);
    await Promise.all(this.closing);
  }

  private join(): Generation {
    if (this.current !== undefined && this.current.uses >= this.uses) {
      if (this.current.users === 0) this.end(this.current);
      else this.leaving.add(this.current);
      this.current = undefined;
    }
    const generation = (this.current ??= { sql: this.open(), uses: 0, users: 0 });
    generation.uses += 1;
    generation.users += 1;
    return generation;
  }

  private end({ sql }: Generation): void {
    const closed = closePostgres(sql).finally(() => this.closing.delete(closed));
    this.closing.add(closed);
  }
}
