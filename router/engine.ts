/**
 * The router's life: a standby until it is the writer, then terms, each behind a fence. A doubt
 * ends a term, and the position is read again. While a destination is unknown, nothing is decided
 * (docs/routing.md).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../domain/errors.js';
import { CHECKPOINT_KEY } from '../routing/members.js';
import { delay } from '../platform/deadline.js';
import { FenceRefused, streamFacts, writeFence } from '../routing/routed-log.js';
import { announceFence, RevisionConflict } from '../routing/router-bucket.js';
import { Doubt } from './doubt.js';
import type { Election } from './election.js';
import type { Membership } from './routes/membership.js';
import type { RouterMetrics } from './metrics.js';
import type { Checkpoint, Positions, ResolvedPosition } from './position/position.js';
import type { RouteLoader } from './routes/loader.js';
import { watchRoutes } from './routes/staleness.js';
import { Upkeep, type UpkeepOptions } from './watch/upkeep.js';
import type { WriterTerm } from './writer-term.js';

export type EngineState = 'stopped' | 'standby' | 'reconciling' | 'routing' | 'paused';

export interface EngineOptions extends UpkeepOptions {
  readonly loader: RouteLoader;
  readonly membership: Membership;
  readonly election: Election;
  readonly metrics: RouterMetrics;
  readonly positions: Positions;
  readonly createTerm: (resolved: ResolvedPosition) => Promise<WriterTerm>;
}

const BACKOFF_MS = [20, 50, 100, 200, 500, 1_000];
/**
 * Pauses after terms that stored nothing. Each term writes a fence, and a permanent refusal (no
 * stream takes a configured subject) would otherwise fill `ROUTED` with fences and push out unread
 * events.
 */
const BARREN_MS = [0, ...BACKOFF_MS, 2_000];
/** A term of this length did not fail at once, even without events. */
const LASTED_MS = 10_000;

export class Engine {
  readonly #options: EngineOptions;
  readonly #stopping = new AbortController();
  #state: EngineState = 'stopped';
  #reason = '';
  #term: WriterTerm | undefined;
  #upkeep: Upkeep | undefined;
  /** The last sequence that an ended term sent without a confirmation. */
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

  /** Why nothing is routed, or empty. */
  get reason(): string {
    return this.#reason;
  }

  get term(): WriterTerm | undefined {
    return this.#term;
  }

  /** In RAW, as far as this router knows; null if it has not written since it was a standby. */
  get confirmedRaw(): number | null {
    return this.#term?.passedRaw ?? this.#confirmedRaw;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Confirms what was decided, and gives up the writer's key. */
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
   * True when everything decided before this call is confirmed or can never be stored. May wait for
   * a reconciliation, because the fence settles a broken term's messages; a standby waits until the
   * log has passed its last term.
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

  /** Longer with each failure in a row; a stop ends it. */
  async #pause(steps: readonly number[], times: number): Promise<void> {
    const ms = steps[Math.min(times, steps.length - 1)] ?? 0;
    const { signal } = this.#stopping;
    if (ms > 0) await pause(ms, undefined, { signal }).catch(() => undefined);
  }

  /** @throws Doubt if a term could not begin */
  async #writeOneTerm(): Promise<Doubt> {
    const { nc, membership, log, metrics } = this.#options;
    await membership.beat();
    // Checked before the fence too: otherwise a long outage would write a fence a second.
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
    const watch = watchRoutes(this.#options.loader, (trouble) => {
      metrics.misses += 1;
      term.doubt(new Doubt('stale_routes', trouble));
    });
    const began = performance.now();
    let ended: Doubt | undefined;
    try {
      // Stopped before this term existed: no doubt would end it.
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
      watch.close();
      await this.#endTerm(term, ended);
      const stored = term.egress.confirmed.rawSequence > position.rawSequence;
      const lasted = performance.now() - began > LASTED_MS;
      this.#barren = stored || lasted ? 0 : this.#barren + 1;
    }
  }

  async #endTerm(term: WriterTerm, ended: Doubt | undefined): Promise<void> {
    this.#unsettled = term.egress.head.sequence;
    try {
      // A lost connection confirms nothing. Its time-out would only delay the next term.
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
   * After the fence. A barrier that dropped this router wrote its own fence first, and its change
   * is in Postgres. So a table loaded now includes that change.
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

/** The state between two terms: waiting on purpose, or on the way to the next term. */
const stateAfter = (reason: Doubt['reason']): EngineState =>
  reason === 'stale_routes' || reason === 'position' ? 'paused' : 'reconciling';

function asDoubt(error: unknown): Doubt {
  if (error instanceof Doubt) return error;
  if (error instanceof FenceRefused) return new Doubt('fence_refused', error.message);
  if (error instanceof RevisionConflict)
    return new Doubt('lease_lost', `another router wrote ${error.message}`);
  return new Doubt('error', messageOf(error), { cause: error });
}
