/** Keeps the route table at the newest version, and knows until when it can be trusted. */
import { messageOf, SandboxError } from '../../domain/errors.js';
import { REDIS_ROUTES_CHANGED } from '../../routing/route.js';
import { delay, withDeadline } from '../../platform/deadline.js';
import type { Logger } from '../../platform/log.js';
import { asPostgresError, type Sql } from '../../platform/postgres.js';
import { openRedis, type Redis } from '../../platform/redis.js';
import {
  changesInPostgres,
  changesInRedis,
  installationInPostgres,
  versionInPostgres,
} from './reader.js';
import type { RouteTable } from './table.js';

/** A lost notification is repaired within this time and one query. */
const POLL_MS = 400;
const RECONNECT_MS = 500;
/** A Redis that stands still must leave a barrier time for Postgres (routes/routes.ts, CONFIRM_MS). */
const REDIS_MS = 300;

/** With the remedy, if there is one. */
const told = (error: unknown): string =>
  error instanceof SandboxError ? `${error.message}. ${error.hint}` : messageOf(error);

export interface RouteLoaderOptions {
  readonly table: RouteTable;
  readonly sql: Sql;
  readonly redisUrl: string;
  readonly staleMs: number;
  readonly log: Logger;
}

export class RouteLoader {
  readonly #options: RouteLoaderOptions;
  readonly #closed = new AbortController();
  #redis: Redis | undefined;
  #hints: Redis | undefined;
  #poll: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  /** Read with the first table, so before anything comes from Redis. */
  #installation: string | undefined;
  /** `performance.now()` of the last check against either server, and against Postgres. */
  #checkedAt = -Infinity;
  #checkedByOwnerAt = -Infinity;
  #trouble = '';

  constructor(options: RouteLoaderOptions) {
    this.#options = options;
  }

  start(): void {
    void this.#connectRedis();
    this.#poll = setInterval(() => void this.refresh(), POLL_MS);
    void this.refresh();
  }

  close(): void {
    this.#closed.abort();
    clearInterval(this.#poll);
    this.#redis?.disconnect();
    this.#hints?.disconnect();
  }

  /**
   * True if both servers were away for longer than the limit: the router may no longer use the
   * table.
   */
  get stale(): boolean {
    return this.staleInMs < 0;
  }

  /** Until the table becomes stale if no check succeeds; below 0 where it is. */
  get staleInMs(): number {
    return this.#checkedAt + this.#options.staleMs - performance.now();
  }

  /** Seconds since the version was last compared. */
  get age(): number {
    return Math.max(0, (performance.now() - this.#checkedAt) / 1_000);
  }

  /**
   * True if Postgres itself has confirmed the table since `moment`. If every barrier waited for
   * this router, Redis is enough. After an absence it must ask Postgres: Redis may lack a change
   * whose barrier did not wait for it.
   */
  checkedByOwnerSince(moment: number): boolean {
    return this.#checkedByOwnerAt >= moment;
  }

  /** The present problem, for the log and the barrier's reply; empty if there is none. */
  get trouble(): string {
    return this.#trouble;
  }

  /**
   * One check that begins after this call. Never rejects: failures show in `stale` and `trouble`.
   */
  async refresh(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    this.#running = this.#check().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  /** True if the table reaches `version` in time. */
  async reach(version: number, timeoutMs: number): Promise<boolean> {
    const until = performance.now() + timeoutMs;
    while (this.#options.table.version < version) {
      await this.#quick(version);
      if (this.#options.table.version >= version) break;
      if (performance.now() > until || this.#closed.signal.aborted) return false;
      await delay(20);
    }
    return true;
  }

  /** The fast way to a version that exists: Redis' difference, else the full check. */
  async #quick(version: number): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    if (this.#options.table.version >= version) return;
    this.#running = this.#fromRedis()
      .then(
        () => undefined,
        () => undefined,
      )
      .finally(() => {
        this.#running = undefined;
      });
    await this.#running;
    if (this.#options.table.version < version) await this.refresh();
  }

  async #check(): Promise<void> {
    const { table, sql, log } = this.#options;
    const began = performance.now();
    try {
      this.#installation ??= await installationInPostgres(sql);
      const newest = table.version < 0 ? -1 : await versionInPostgres(sql);
      if (newest < table.version) {
        log.warn(
          { newest, held: table.version },
          'the route version went back: the whole table is loaded anew',
        );
        // The old table serves meanwhile: an empty one would send every sandbox's events to
        // production.
        const { version, changes } = await changesInPostgres(sql, -1);
        table.replace(changes, version);
      } else if (
        table.version < 0 ||
        (newest > table.version && !(await this.#reachedThroughRedis(newest)))
      ) {
        const { version, changes } = await changesInPostgres(sql, table.version);
        table.apply(changes, version);
      }
      this.#checkedAt = began;
      this.#checkedByOwnerAt = began;
      this.#recovered();
    } catch (error) {
      const why = told(asPostgresError(error));
      if (await this.#withoutOwner(began, why)) return;
      this.#report(`the routes cannot be read: ${why}`);
    }
  }

  async #reachedThroughRedis(newest: number): Promise<boolean> {
    await this.#fromRedis().catch(() => false);
    return this.#options.table.version >= newest;
  }

  /** Postgres is away: Redis delivers changes and keeps the table trusted. */
  async #withoutOwner(began: number, why: string): Promise<boolean> {
    const current = await this.#fromRedis().catch(() => false);
    if (!current) return false;
    this.#checkedAt = began;
    this.#report(`Postgres cannot be read: the routes come from Redis (${why})`);
    return true;
  }

  /** Applies Redis' difference. True if its version is not older than ours. */
  async #fromRedis(): Promise<boolean> {
    const { table } = this.#options;
    const installation = this.#installation;
    if (this.#redis?.status !== 'ready' || installation === undefined || table.version < 0)
      return false;
    const asked = changesInRedis(this.#redis, installation, table.version);
    const found = await withDeadline(asked, REDIS_MS, 'Redis');
    if (found === null) return false;
    table.apply(found.changes, found.version);
    return true;
  }

  #recovered(): void {
    if (this.#trouble !== '')
      this.#options.log.info({ version: this.#options.table.version }, 'the routes are read again');
    this.#trouble = '';
  }

  #report(trouble: string): void {
    if (trouble !== this.#trouble)
      this.#options.log.warn({ version: this.#options.table.version }, trouble);
    this.#trouble = trouble;
  }

  /** In the background: the table loads from Postgres, and routing works without Redis. */
  async #connectRedis(): Promise<void> {
    const { redisUrl, log } = this.#options;
    for (let isTold = false; !this.#closed.signal.aborted;) {
      try {
        this.#redis ??= await openRedis(redisUrl, 'router');
        this.#hints ??= await openRedis(redisUrl, 'router-hints');
        this.#hints.on('message', () => void this.#quick(this.#options.table.version + 1));
        await this.#hints.subscribe(REDIS_ROUTES_CHANGED);
        return;
      } catch (error) {
        if (!isTold)
          log.warn({ error: told(error) }, 'Redis is out of reach: routes come from Postgres');
        isTold = true;
        await delay(RECONNECT_MS);
      }
    }
  }
}
