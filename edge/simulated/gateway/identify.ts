/** What a client asks for in IDENTIFY and RESUME, checked. */
import type { CloseReason } from '../../../discord/gateway.js';
import { object, text, type Fields } from '../../../discord/fields.js';
import { isIntents, PRIVILEGED_INTENTS } from '../../../discord/intents.js';
import type { Application, World } from '../world/world.js';

export interface Identified {
  readonly application: Application;
  readonly intents: number;
  readonly shard: readonly [number, number];
}

/** The reason to close the connection, or what the client asked for. */
export function identified(world: World, d: Fields): Identified | CloseReason {
  const application = applicationOf(world, d);
  if (application === undefined) return 'authenticationFailed';
  if (!isIntents(d.intents)) return 'invalidIntents';
  const privileged = d.intents & PRIVILEGED_INTENTS;
  if ((privileged & ~application.privilegedIntents) !== 0) return 'disallowedIntents';
  const shard = shardIn(d.shard);
  return shard === null ? 'invalidShard' : { application, intents: d.intents, shard };
}

/** With or without `Bot ` before the token: Discord accepts both here. */
export function applicationOf(world: World, d: Fields): Application | undefined {
  return world.applicationOf((text(d, 'token') ?? '').replace(/^Bot /, ''));
}

function shardIn(value: unknown): readonly [number, number] | null {
  if (value === undefined || value === null) return [0, 1];
  if (!Array.isArray(value) || value.length !== 2) return null;
  const [index, count] = value as [unknown, unknown];
  if (!Number.isInteger(index) || !Number.isInteger(count)) return null;
  const [i, n] = [index as number, count as number];
  return i >= 0 && i < n ? [i, n] : null;
}

/** The sequence number of a RESUME; null for anything else. */
export function sequenceIn(d: Fields): number | null {
  const { seq } = d;
  return typeof seq === 'number' && Number.isInteger(seq) && seq >= 0 ? seq : null;
}

/** IDENTIFY budget: so many at once in each window, as `max_concurrency` says. */
export class IdentifyBudget {
  readonly #used = new Map<string, { until: number; count: number }>();

  constructor(
    private readonly now: () => number,
    readonly options: { readonly concurrency: number; readonly windowMs: number },
  ) {}

  /** False: too many; Discord answers with an invalid session. */
  take({ id }: Application): boolean {
    const now = this.now();
    const { concurrency, windowMs } = this.options;
    const used = this.#used.get(id);
    if (used === undefined || used.until <= now) {
      this.#used.set(id, { until: now + windowMs, count: 1 });
      return true;
    }
    used.count += 1;
    return used.count <= concurrency;
  }
}

/** Client properties are required, though nobody reads them. */
export const hasProperties = (d: Fields): boolean =>
  Object.keys(object(d, 'properties')).length > 0;
