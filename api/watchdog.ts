/**
 * Names the server that blocks a request. Without it, a driver could wait for a stopped server for
 * ever.
 */
import { messageOf, SandboxError, unreachable } from '../domain/errors.js';
import { withDeadline } from '../platform/deadline.js';
import type { Server } from './call.js';

/** Most answers are faster. Only slower requests check the servers. */
const FIRST_LOOK_MS = 1_000;
const LOOK_EVERY_MS = 1_000;
/** With the wait before it, a server that is away is named within 5 s. */
const CHECK_MS = 2_000;
/** One look serves all requests. */
const FRESH_MS = 500;
const ANSWER_MS = 30_000;

export type ServerChecks = Readonly<Record<Server, () => Promise<unknown>>>;

export class Watchdog {
  private readonly looks = new Map<Server, { readonly at: number; readonly seen: Promise<void> }>();

  constructor(
    private readonly checks: ServerChecks,
    private readonly answerMs = ANSWER_MS,
  ) {}

  /** One question to a server. @throws SANDBOX_009 naming it */
  look(server: Server): Promise<void> {
    const last = this.looks.get(server);
    if (last !== undefined && performance.now() - last.at < FRESH_MS) return last.seen;
    const seen = withDeadline(this.checks[server](), CHECK_MS, server).then(
      () => undefined,
      (error: unknown) => {
        throw error instanceof SandboxError ? error : unreachable(server, error);
      },
    );
    // Each caller handles the failure. Without a caller, this prevents an unhandled rejection.
    seen.catch(() => undefined);
    this.looks.set(server, { at: performance.now(), seen });
    return seen;
  }

  /**
   * The outcome of `work`. It does not cancel the work: a change continues in its workflow.
   * @throws SANDBOX_009 naming a server that does not answer, or after 30 s
   */
  guard<T>(needs: readonly Server[], work: Promise<T>): Promise<T> {
    const deadline = performance.now() + this.answerMs;
    return new Promise<T>((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const over = (settle: () => void): void => {
        clearTimeout(timer);
        timer = undefined;
        settle();
      };
      const look = (): void => {
        Promise.all(needs.map((server) => this.look(server))).then(
          () => {
            if (timer === undefined) return;
            if (performance.now() > deadline) over(() => reject(late()));
            else timer = setTimeout(look, LOOK_EVERY_MS);
          },
          (error: unknown) => over(() => reject(asError(error))),
        );
      };
      timer = setTimeout(look, FIRST_LOOK_MS);
      work.then(
        (value) => over(() => resolve(value)),
        (error: unknown) => over(() => reject(asError(error))),
      );
    });
  }
}

const asError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(messageOf(thrown));

const late = (): SandboxError =>
  new SandboxError('SANDBOX_009', 'the workers have not answered in time; the change goes on', {
    hint: 'Repeat the request with the same Idempotency-Key.',
    details: { dependency: 'worker' },
  });
