/**
 * All open streams. Each token has a limit, heartbeats keep streams open, and a stream ends with
 * its token or the API.
 */
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Actor } from '../../domain/actor.js';
import { SandboxError } from '../../domain/errors.js';
import { withDeadline } from '../../platform/deadline.js';
import { every } from '../../platform/every.js';
import type { Authentication } from '../authentication.js';
import type { Http, SignedIn } from '../call.js';
import { Gate, STREAMS, type Bounds } from '../limits.js';
import { problemOf } from '../problems.js';
import { Outlet, signalOf } from './outlet.js';

const BEAT_MS = 15_000;
/** With the authenticator's own 500 ms, and the look-up: a stream ends within 2 s of its token. */
const CHECK_MS = 500;
const CHECK_WITHIN_MS = 900;

interface Stream {
  readonly outlet: Outlet;
  readonly rights: string;
}

export class OpenStreams {
  private readonly gate: Gate;
  private readonly byToken = new Map<string, Set<Stream>>();
  private readonly timers: readonly { close(): void }[];
  private closed = false;

  constructor(
    private readonly authenticator: Authentication,
    bounds: Bounds = STREAMS,
  ) {
    this.gate = new Gate('streams', bounds);
    this.timers = [
      every(CHECK_MS, () => this.checkTokens()),
      every(BEAT_MS, () => {
        this.beat();
        return Promise.resolve();
      }),
    ];
  }

  get count(): number {
    return this.gate.open;
  }

  /**
   * Answers the request with a stream. `feed` writes until the outlet or the events end. Its failure
   * is the stream's last event.
   * @throws SANDBOX_013, SANDBOX_009 while the API stops
   */
  open(http: Http, signedIn: SignedIn, feed: (outlet: Outlet) => Promise<void>): Response {
    if (this.closed) {
      throw new SandboxError('SANDBOX_009', 'the API is stopping', {
        details: { dependency: 'api' },
      });
    }
    const leave = this.gate.enter(signedIn.actor.tokenId);
    const outlet = new Outlet(http.env.outgoing);
    const forget = this.remember(signedIn, outlet);
    const left = (): void => {
      leave();
      forget();
    };
    if (outlet.ended.aborted) left();
    else outlet.ended.addEventListener('abort', left);
    outlet.open(Object.fromEntries(http.res.headers));
    const requestId = http.get('requestId');
    feed(outlet).then(
      () => outlet.end(signalOf('end', {})),
      (error: unknown) => outlet.end(signalOf('problem', problemOf(error, requestId).body)),
    );
    return RESPONSE_ALREADY_SENT;
  }

  /** Ends every stream; its client connects again, to another replica. */
  close(): void {
    this.closed = true;
    for (const timer of this.timers) timer.close();
    for (const { outlet } of this.all()) outlet.end();
  }

  private remember({ token, actor }: SignedIn, outlet: Outlet): () => void {
    const streams = this.byToken.get(token) ?? new Set();
    const stream = { outlet, rights: rightsOf(actor) };
    this.byToken.set(token, streams.add(stream));
    return () => {
      streams.delete(stream);
      if (streams.size === 0) this.byToken.delete(token);
    };
  }

  private all(): Stream[] {
    return [...this.byToken.values()].flatMap((streams) => [...streams]);
  }

  private beat(): void {
    const now = Date.now();
    for (const { outlet } of this.all()) outlet.beat(now);
  }

  /** All tokens at once: a slow look-up of one keeps no stream of another one open. */
  private async checkTokens(): Promise<void> {
    await Promise.all([...this.byToken].map((entry) => this.checkToken(...entry)));
  }

  /**
   * Ends the streams of a token that is no longer valid, has lost rights, or is not known in time.
   * The client's next request gets the reason.
   */
  private async checkToken(token: string, streams: Set<Stream>): Promise<void> {
    const known = withDeadline(this.authenticator.authenticate(token), CHECK_WITHIN_MS, 'Postgres');
    const rights = await known.then(rightsOf, () => null);
    for (const stream of [...streams]) if (stream.rights !== rights) stream.outlet.end();
  }
}

const rightsOf = ({ role, scopes }: Actor): string => [role, ...scopes].join(' ');
