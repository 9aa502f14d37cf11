/** A client of a Discord gateway without a library: the frames as they come. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { withDeadline } from '../../platform/deadline.js';

/** An object of Discord. A test reads what it expects; a wrong shape fails its assertion. */
export interface WireObject {
  readonly id: string;
  readonly token: string;
  readonly content: string;
  readonly code: number;
  readonly owner_id: string;
  readonly session_id: string;
  readonly author: { readonly id: string; readonly bot: boolean };
  readonly user: { readonly id: string; readonly username: string };
  readonly mentions: readonly { readonly id: string }[];
  readonly members: readonly WireObject[];
  readonly data: { readonly options: readonly { readonly value: string }[] };
  readonly [field: string]: unknown;
}

export interface Frame {
  readonly op: number;
  readonly t: string | null;
  readonly s: number | null;
  readonly d: WireObject;
}

const WAIT_MS = 5_000;

export class BareGateway {
  readonly frames: Frame[] = [];
  /** Resolves with the close code and its reason. */
  readonly closed: Promise<[code: number, reason: string]>;
  #cursor = 0;
  #arrived: () => void = () => undefined;

  private constructor(readonly socket: WebSocket) {
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve([code, reason.toString()]));
    });
    socket.on('message', (data: Buffer) => {
      this.frames.push(JSON.parse(data.toString()) as Frame);
      this.#arrived();
    });
  }

  static async open(url: string, query = '/?v=10&encoding=json'): Promise<BareGateway> {
    const gateway = new BareGateway(new WebSocket(`${url}${query}`));
    await once(gateway.socket, 'open');
    return gateway;
  }

  send(op: number, d: unknown): void {
    this.socket.send(JSON.stringify({ op, d }));
  }

  identify(token: string, intents: number, extra: object = {}): void {
    const properties = { os: 'linux', browser: 'bare', device: 'bare' };
    this.send(2, { token, intents, properties, ...extra });
  }

  /** The next frame that fits; frames before it are skipped. */
  next(what: string, fits: (frame: Frame) => boolean): Promise<Frame> {
    return withDeadline(this.#search(fits), WAIT_MS, what);
  }

  op(op: number): Promise<Frame> {
    return this.next(`opcode ${op}`, (frame) => frame.op === op);
  }

  event(type: string): Promise<Frame> {
    return this.next(type, ({ t }) => t === type);
  }

  /** Sends a heartbeat and waits for its answer: every event before has arrived by then. */
  async settled(): Promise<void> {
    this.send(1, null);
    await this.op(11);
  }

  /** The types of all events so far. */
  types(): (string | null)[] {
    return this.frames.filter(({ op }) => op === 0).map(({ t }) => t);
  }

  async #search(fits: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const frame = this.frames[this.#cursor];
      if (frame === undefined) await new Promise<void>((resolve) => (this.#arrived = resolve));
      else {
        this.#cursor += 1;
        if (fits(frame)) return frame;
      }
    }
  }
}
