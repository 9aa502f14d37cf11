/** One WebSocket of a client: HELLO, then IDENTIFY or RESUME, heartbeats and requests. */
import type { WebSocket } from 'ws';
import { parseWithExactIds } from '../../../discord/exact-ids.js';
import { isObject, object, text, type Fields } from '../../../discord/fields.js';
import { CLOSE, MAX_CLIENT_FRAME_BYTES, OP, type CloseReason } from '../../../discord/gateway.js';
import type { World } from '../world/world.js';
import {
  applicationOf,
  hasProperties,
  identified,
  sequenceIn,
  type IdentifyBudget,
} from './identify.js';
import type { MemberRequests } from './member-chunks.js';
import { NOTICE, ready } from './ready.js';
import type { Outlet, Session } from './session.js';
import type { Sessions } from './sessions.js';

export interface ConnectionContext {
  readonly world: World;
  readonly sessions: Sessions;
  readonly identifies: IdentifyBudget;
  readonly members: MemberRequests;
  readonly heartbeatMs: number;
  readonly gatewayUrl: () => string;
  /** What a client does that simulated Discord does not have. */
  readonly onUnsupported: (what: string) => void;
}

/** A client sends at most this many frames a minute. */
const MAX_FRAMES = 120;
const FRAMES_WINDOW_MS = 60_000;
/** A client that does not read is cut off; its session can be resumed. */
const MAX_UNREAD_BYTES = 32 * 1024 * 1024;
/** The share of the heartbeat interval after which a silent client has timed out. */
const PATIENCE = 1.5;

export class Connection implements Outlet {
  #session: Session | null = null;
  #silence: NodeJS.Timeout | undefined;
  #frames = { since: 0, count: 0 };

  constructor(
    private readonly socket: WebSocket,
    private readonly context: ConnectionContext,
  ) {
    socket.on('message', (data) => this.#received(data as Buffer));
    socket.on('close', (code) => this.#closed(code));
    // A broken frame also closes the socket.
    socket.on('error', () => undefined);
  }

  start(): void {
    const { heartbeatMs } = this.context;
    this.#send(OP.hello, { heartbeat_interval: heartbeatMs, _trace: [NOTICE] });
    this.#heard();
  }

  /** The session that this connection serves. */
  get session(): Session | null {
    return this.#session;
  }

  send(frame: string): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    if (this.socket.bufferedAmount > MAX_UNREAD_BYTES) this.socket.terminate();
    else this.socket.send(frame);
  }

  replaced(): void {
    this.#session = null;
    this.socket.close(4_000, 'The session continues on another connection.');
  }

  /** Asks the client to connect anew; its session stays. */
  askToReconnect(): void {
    this.#send(OP.reconnect, null);
  }

  /** Cuts the connection without a close frame, as a broken network does. */
  cut(): void {
    this.socket.terminate();
  }

  /** The session ends; the client may not resume it. */
  invalidate(): void {
    const session = this.#session;
    if (session !== null) {
      session.detach(this);
      this.#session = null;
      this.context.sessions.end(session);
    }
    this.#send(OP.invalidSession, false);
  }

  close(reason: CloseReason): void {
    const [code, text] = CLOSE[reason];
    this.socket.close(code, text);
  }

  #send(op: number, d: unknown): void {
    this.send(JSON.stringify({ t: null, s: null, op, d }));
  }

  #heard(): void {
    clearTimeout(this.#silence);
    const ms = this.context.heartbeatMs * PATIENCE;
    this.#silence = setTimeout(() => this.close('timedOut'), ms).unref();
  }

  #received(data: Buffer): void {
    const fault = this.#isTooFast() ? 'rateLimited' : this.#handle(frameIn(data));
    if (fault !== undefined) this.close(fault);
  }

  /** The reason to close the connection, or undefined. */
  #handle(frame: Fields | null): CloseReason | undefined {
    if (frame === null) return 'decode';
    const d = object(frame, 'd');
    if (frame.op === OP.identify) return this.#identify(d);
    if (frame.op === OP.resume) return this.#resume(d);
    if (frame.op !== OP.heartbeat) return this.#request(Number(frame.op), d);
    this.#heard();
    this.#send(OP.heartbeatAck, null);
    return undefined;
  }

  #request(op: number, d: Fields): CloseReason | undefined {
    const session = this.#session;
    if (session === null) return 'notAuthenticated';
    if (op === OP.requestMembers) {
      const guildId = text(d, 'guild_id');
      const guild = this.context.sessions.guildsOf(session).find(({ id }) => id === guildId);
      if (guild !== undefined) this.context.members.answer(session, guild, d);
      return undefined;
    }
    if (op === OP.voiceState) this.context.onUnsupported('voice');
    else if (op === OP.requestSoundboardSounds) this.context.onUnsupported('soundboard sounds');
    // A presence is accepted, and nobody sees it.
    else if (op !== OP.presence) return 'unknownOpcode';
    return undefined;
  }

  #identify(d: Fields): CloseReason | undefined {
    if (this.#session !== null) return 'alreadyAuthenticated';
    if (!hasProperties(d)) return 'decode';
    const asked = identified(this.context.world, d);
    if (typeof asked === 'string') return asked;
    const { sessions, identifies, gatewayUrl } = this.context;
    if (!identifies.take(asked.application)) {
      this.#send(OP.invalidSession, false);
      return undefined;
    }
    const session = sessions.begin(asked.application, asked.intents, asked.shard);
    this.#session = session;
    session.attach(this);
    const data = ready(session, sessions.guildsOf(session), gatewayUrl());
    session.dispatch('READY', JSON.stringify(data));
    sessions.sendGuilds(session);
    return undefined;
  }

  #resume(d: Fields): CloseReason | undefined {
    if (this.#session !== null) return 'alreadyAuthenticated';
    const { world, sessions } = this.context;
    const application = applicationOf(world, d);
    if (application === undefined) return 'authenticationFailed';
    const seq = sequenceIn(d);
    const session = sessions.find(text(d, 'session_id') ?? '', application);
    if (session !== undefined && (seq === null || seq > session.seq)) return 'invalidSequence';
    const missed = session?.since(seq ?? 0) ?? null;
    if (session === undefined || missed === null) {
      if (session !== undefined) sessions.end(session);
      this.#send(OP.invalidSession, false);
      return undefined;
    }
    sessions.resumed(session);
    this.#session = session;
    for (const frame of missed) this.send(frame);
    session.attach(this);
    session.dispatch('RESUMED', JSON.stringify({ _trace: [NOTICE] }));
    return undefined;
  }

  #closed(code: number): void {
    clearTimeout(this.#silence);
    const session = this.#session;
    this.#session = null;
    if (session?.detach(this) !== true) return;
    // A client that says goodbye with 1000 or 1001 gives its session up.
    if (code === 1_000 || code === 1_001) this.context.sessions.end(session);
    else this.context.sessions.expectResume(session);
  }

  #isTooFast(): boolean {
    const now = this.context.world.now();
    if (now - this.#frames.since >= FRAMES_WINDOW_MS) this.#frames = { since: now, count: 0 };
    this.#frames.count += 1;
    return this.#frames.count > MAX_FRAMES;
  }
}

/** Null for a frame that is too long, or no JSON object with an opcode. */
function frameIn(data: Buffer): Fields | null {
  if (data.length > MAX_CLIENT_FRAME_BYTES) return null;
  try {
    const frame = parseWithExactIds(data.toString('utf8'));
    return isObject(frame) && typeof frame.op === 'number' ? frame : null;
  } catch {
    return null;
  }
}
