/**
 * The router's life: standby until it is the writer, then terms of writing, each behind a fence; at any doubt the position
 * is read anew, and while the destination cannot be known nothing is decided (docs/routing.md).
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { NatsConnection } from 'nats';
import { messageOf } from '../domain/errors.js';
import { CHECKPOINT_KEY } from '../routing/members.js';
import { type StreamPair } from '../routing/subjects.js';
import { delay } from '../platform/deadline.js';
import type { Logger } from '../platform/log.js';
import { FenceRefused, streamFacts, writeFence } from '../routing/routed-log.js';
import { announceFence, RevisionConflict, type RouterBucket } from '../routing/router-bucket.js';
import { Doubt } from './doubt.js';
import type { Election } from './election.js';
import type { Membership } from './routes/membership.js';
import type { RouterMetrics } from './metrics.js';
import type { Checkpoint, Positions, ResolvedPosition } from './position/position.js';
import type { RouteLoader } from './routes/loader.js';
import { Upkeep } from './watch/upkeep.js';
import type { WriterTerm } from './writer-term.js';

export type EngineState = 'stopped' | 'standby' | 'reconciling' | 'routing' | 'paused';

export interface EngineOptions {
  readonly nc: NatsConnection;
  readonly bucket: RouterBucket;
  readonly streams: StreamPair;
  readonly loader: RouteLoader;
  readonly membership: Membership;
  readonly election: Election;
  readonly metrics: RouterMetrics;
  readonly log: Logger;
  readonly positions: Positions;
  /** After so long without an event the writer repeats its position, so that the log's tail never ages out. */
  readonly positionEveryMs?: number;
  readonly createTerm: (resolved: ResolvedPosition) => Promise<WriterTerm>;
}

const BACKOFF_MS = [20, 50, 100, 200, 500, 1_000];
/**
 * Behind terms that stored nothing, though each began: each wrote a fence, and a refusal that comes at once and always (no
 * stream takes a subject that the configuration names) would fill `ROUTED` with these, and push out what bots have not read.
 */
const BARREN_MS = [0, ...BACKOFF_MS, 2_000];
/** What lasted so long did not end at once, though nothing came in. */
const LASTED_MS = 10_000;
const CHECK_MS = 100;

export class Engine {
  readonly #options: EngineOptions;
  readonly #stopping = new AbortController();
  #state: EngineState = 'stopped';
  #reason = '';
  #term: WriterTerm | undefined;
  #upkeep: Upkeep | undefined;
  /** Last sequence that an ended term had sent without a confirmation. */
  #unsettled: number | null = null;
  #failures = 0;
  /** Terms in a row that stored no event and ended soon. */
  #barren = 0;
  #confirmedRaw: number | null = null;
  #running: Promise<void> | undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  get state(): EngineState {
    return this.#state;
  }

  /** Why nothing is routed, if so. */
  get reason(): string {
    return this.#reason;
  }

  get term(): WriterTerm | undefined {
    return this.#term;
  }

  /** Of RAW, as far as this router knows; null for one that has not written since it was a standby. */
  get confirmedRaw(): number | null {
    return this.#term?.passedRaw ?? this.#confirmedRaw;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** What was decided is confirmed, the writer's key given up. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#term?.doubt(new Doubt('start', 'stopping'));
    await this.#running;
    await this.#options.election.release().catch(() => undefined);
    this.#state = 'stopped';
  }

  /** Ends the current term, if there is one. */
  doubt(doubt: Doubt): void {
    this.#term?.doubt(doubt);
  }

  /**
   * Everything decided before this call is confirmed, or can never be stored. It may wait for a reconciliation: the fence
   * settles what a broken term left in flight; for a standby, that somebody else's log has passed it.
   */
  async settled(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      const term = this.#term;
      if (term !== undefined) {
        try {
          await term.egress.flush();
          return true;
        } catch {
          await delay(10);
          continue;
        }
      }
      const unsettled = this.#unsettled;
      if (unsettled === null) return true;
      const facts = await streamFacts(this.#options.nc, this.#options.streams.routed).catch(
        () => null,
      );
      if (facts !== null && facts.lastSequence >= unsettled) {
        if (this.#unsettled === unsettled) this.#unsettled = null;
      } else {
        await delay(50);
      }
    }
    return false;
  }

  async #run(): Promise<void> {
    const { election, log, metrics } = this.#options;
    let reason: Doubt['reason'] = 'start';
    let detail = '';
    while (!this.#stopping.signal.aborted) {
      try {
        if (!election.held) {
          this.#confirmedRaw = null;
          this.#enter('standby');
          if (!(await election.acquire(this.#stopping.signal))) break;
          log.info('this router is the writer');
        }
        this.#enter(stateAfter(reason), detail || reason);
        metrics.reconciled(reason);
        const ended = await this.#writeOneTerm();
        ({ reason, message: detail } = ended);
        log.warn({ reason, detail, barren: this.#barren }, 'the term has ended');
        this.#enter(stateAfter(reason), detail);
        await this.#pause(BARREN_MS, this.#barren);
      } catch (error) {
        ({ reason, message: detail } = asDoubt(error));
        this.#failures += 1;
        this.#enter(stateAfter(reason), detail);
        log.warn({ reason, detail, attempt: this.#failures }, 'not routing');
        await this.#pause(BACKOFF_MS, this.#failures - 1);
      }
    }
  }

  /** The longer the more often in a row; a stop ends it. */
  async #pause(steps: readonly number[], times: number): Promise<void> {
    const ms = steps[Math.min(times, steps.length - 1)] ?? 0;
    const { signal } = this.#stopping;
    if (ms > 0) await pause(ms, undefined, { signal }).catch(() => undefined);
  }

  /** @throws Doubt where a term could not begin */
  async #writeOneTerm(): Promise<Doubt> {
    const { nc, membership, log, metrics } = this.#options;
    await membership.beat();
    // Asked before the fence as well: a pause of hours must not write one a second.
    if (!this.#routesAreTrusted()) await this.#trustRoutes();
    const resolved = await this.#options.positions.resolve();
    this.#confirmedRaw = resolved.position.rawSequence;
    for (const alarm of resolved.alarms) {
      metrics.alarm();
      log.error({ alarm }, 'ALARM: the streams are not as the router left them');
    }
    await announceFence(this.#options.bucket, resolved.position.sequence);
    const position = await writeFence(nc, resolved.position);
    this.#unsettled = null;
    await this.#trustRoutes();
    const checkpoint: Checkpoint = {
      rawCreated: resolved.rawCreated,
      routedCreated: resolved.routedCreated,
      ...position,
    };
    const revision = await this.#options.bucket.write(
      CHECKPOINT_KEY,
      checkpoint,
      resolved.checkpointRevision,
    );
    const term = await this.#options.createTerm({
      ...resolved,
      position,
      checkpointRevision: revision,
    });
    this.#term = term;
    this.#upkeep = new Upkeep(this.#options, term, checkpoint, revision);
    const watch = setInterval(() => {
      if (!this.#options.loader.stale) return;
      metrics.misses += 1;
      term.doubt(new Doubt('stale_routes', this.#options.loader.trouble));
    }, CHECK_MS);
    const began = performance.now();
    let ended: Doubt | undefined;
    try {
      // Told to stop while there was no term to doubt: this one would have no end.
      if (this.#stopping.signal.aborted) {
        term.doubt(new Doubt('start', 'stopping'));
      } else {
        await term.start();
        this.#enter('routing');
      }
      this.#failures = 0;
      ended = await term.ended;
      return ended;
    } finally {
      clearInterval(watch);
      await this.#endTerm(term, ended);
      const stored = term.egress.confirmed.rawSequence > position.rawSequence;
      const lasted = performance.now() - began > LASTED_MS;
      this.#barren = stored || lasted ? 0 : this.#barren + 1;
    }
  }

  async #endTerm(term: WriterTerm, ended: Doubt | undefined): Promise<void> {
    this.#unsettled = term.egress.head.sequence;
    try {
      // A lost connection cannot confirm: waiting for the time-out would only delay the next term.
      await term.stop({ flush: ended?.reason !== 'connection' });
      if (ended?.reason === 'connection') throw ended;
      this.#unsettled = null;
      await this.#upkeep?.checkpoint().catch(() => undefined);
    } catch {
      this.#unsettled = term.egress.head.sequence;
    } finally {
      this.#confirmedRaw = term.passedRaw;
      this.#upkeep?.close();
      this.#upkeep = undefined;
      this.#term = undefined;
    }
  }

  /**
   * After the fence, so that a barrier which dropped this router, and so returned without it, is behind the table: it wrote
   * its own fence first, and its change is in Postgres.
   */
  async #trustRoutes(): Promise<void> {
    const { loader, membership } = this.#options;
    await membership.beat();
    await loader.refresh();
    await membership.beat();
    if (this.#routesAreTrusted()) return;
    throw new Doubt('stale_routes', loader.trouble || 'the route table is not loaded');
  }

  #routesAreTrusted(): boolean {
    const { loader, membership } = this.#options;
    return loader.checkedByOwnerSince(membership.since) && !loader.stale;
  }

  #enter(state: EngineState, reason = ''): void {
    if (state !== this.#state) this.#options.log.info({ state, reason }, `router ${state}`);
    this.#state = state;
    this.#reason = reason;
  }
}

/** Between two terms: waiting for something on purpose, or on the way to the next term. */
const stateAfter = (reason: Doubt['reason']): EngineState =>
  reason === 'stale_routes' || reason === 'position' ? 'paused' : 'reconciling';

function asDoubt(error: unknown): Doubt {
  if (error instanceof Doubt) return error;
  if (error instanceof FenceRefused) return new Doubt('fence_refused', error.message);
  if (error instanceof RevisionConflict)
    return new Doubt('lease_lost', `another router wrote ${error.message}`);
  return new Doubt('error', messageOf(error), { cause: error });
}
