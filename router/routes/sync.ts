/**
 * Answers the barrier: "my table has this version, and everything I decided under older ones is
 * stored".
 */
import type { NatsConnection, Subscription } from 'nats';
import {
  SYNC_SUBJECT,
  aliveSubject,
  type SyncReply,
  type SyncRequest,
} from '../../routing/members.js';
import type { RouterBucket } from '../../routing/router-bucket.js';
import type { Engine } from '../engine.js';
import { appendPosition } from '../position/message.js';
import type { RouteLoader } from './loader.js';
import type { RouteTable } from './table.js';

export interface SyncOptions {
  readonly nc: NatsConnection;
  readonly bucket: RouterBucket;
  readonly routerId: string;
  readonly table: RouteTable;
  readonly loader: RouteLoader;
  readonly engine: Engine;
  /** Somebody has asked whether this router lives. */
  readonly onAsked: () => void;
}

/** The barrier asks again every 250 ms, so a later answer is out of date. */
const ANSWER_WITHIN_MS = 1_000;

export class SyncResponder {
  readonly #subscriptions: Subscription[];

  constructor(private readonly options: SyncOptions) {
    const { nc, routerId } = options;
    this.#subscriptions = [
      nc.subscribe(aliveSubject(routerId), {
        callback: (_error, message) => {
          message.respond();
          options.onAsked();
        },
      }),
      nc.subscribe(SYNC_SUBJECT, {
        callback: (error, message) => {
          if (error !== null || message.reply === undefined) return;
          const request = parseRequest(message.data);
          if (request === null) return;
          void this.#answer(request).then(
            (reply) => {
              if (reply !== null) message.respond(JSON.stringify(reply));
            },
            () => undefined,
          );
        },
      }),
    ];
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  async #answer({ version, position = false }: SyncRequest): Promise<SyncReply | null> {
    const { routerId, table, loader, engine, bucket } = this.options;
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const reply = (more: Partial<SyncReply>): SyncReply => ({
      routerId,
      version: table.version,
      // Only a routing term began behind a fence.
      role: engine.term === undefined ? 'standby' : 'writer',
      ...more,
    });
    if (!(await loader.reach(version, ANSWER_WITHIN_MS))) {
      return reply({ error: loader.trouble || `the route table is at ${table.version}` });
    }
    const { term } = engine;
    const sent =
      position &&
      term !== undefined &&
      (await appendPosition(bucket, term.egress).catch(() => false));
    if (!(await engine.settled(signal)))
      return reply({ version: -1, error: engine.reason || 'not settled in time' });
    // A term that broke meanwhile may not have stored its position message.
    return reply(sent && term === engine.term ? { positioned: true } : {});
  }
}

function parseRequest(data: Uint8Array): SyncRequest | null {
  try {
    const request = JSON.parse(Buffer.from(data).toString('utf8')) as Partial<SyncRequest>;
    if (!Number.isSafeInteger(request.version)) return null;
    return { version: Number(request.version), position: request.position === true };
  } catch {
    return null;
  }
}
