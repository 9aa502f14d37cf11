/**
 * Elects one writer by a key that the writer renews. A standby takes over a dead or silent writer's
 * key.
 */
import type { NatsConnection } from 'nats';
import { z } from 'zod';
import { WRITER_BEAT_MS, WRITER_KEY, WRITER_SILENCE_MS } from '../routing/members.js';
import { delay } from '../platform/deadline.js';
import { every } from '../platform/every.js';
import { isAbsent, RevisionConflict, type RouterBucket } from '../routing/router-bucket.js';

const claimShape = z.object({ routerId: z.string() });

const AFTER_ABSENCE_MS = 100;

/** The writer's beat while no standby asks for it. A standby's first question comes with its first look at the key. */
const ALONE_BEAT_MS = 1_000;
/** So long after a standby's last question, which it repeats every 250 ms, none is there. */
const STANDBY_GONE_MS = 10_000;

/**
 * Only the holder of the key writes. Safety does not depend on it: the chain and each term's fence
 * separate two writers. A claim that is too early causes a stall of about 20 ms.
 */
export class Election {
  #revision = 0;
  #held = false;
  #beat: { close(): void } | undefined;
  #beatAt = -Infinity;
  #askedAt = -Infinity;

  constructor(
    private readonly nc: NatsConnection,
    private readonly bucket: RouterBucket,
    private readonly routerId: string,
    private readonly onLost: () => void,
  ) {}

  get held(): boolean {
    return this.#held;
  }

  /** Somebody has asked whether this router lives, perhaps a standby: from now on the key is repeated often. */
  asked(): void {
    this.#askedAt = performance.now();
  }

  /** Waits as a standby until this router is the writer; false if it is stopped before. */
  async acquire(signal: AbortSignal): Promise<boolean> {
    let seen = { revision: -1, at: 0, absences: 0 };
    for (;;) {
      if (signal.aborted || this.held) return this.held;
      let pause = WRITER_BEAT_MS;
      try {
        const { value, revision } = await this.bucket.read(WRITER_KEY, claimShape);
        if (revision !== seen.revision) seen = { revision, at: performance.now(), absences: 0 };
        if (value === null || value.routerId === this.routerId) {
          await this.#claim(revision);
          continue;
        }
        if (performance.now() - seen.at >= WRITER_SILENCE_MS || seen.absences >= 2) {
          await this.#claim(revision);
          continue;
        }
        if (await isAbsent(this.nc, value.routerId)) {
          seen.absences += 1;
          pause = AFTER_ABSENCE_MS;
        } else {
          seen.absences = 0;
        }
      } catch {
        // The silence is ours, not the writer's.
        seen = { revision: -1, at: 0, absences: 0 };
      }
      await delay(pause);
    }
  }

  /** Gives up the key, so that a standby needs no time-out. */
  async release(): Promise<void> {
    this.#beat?.close();
    if (!this.#held) return;
    this.#held = false;
    await this.bucket.remove(WRITER_KEY, this.#revision);
  }

  stop(): void {
    this.#beat?.close();
    this.#held = false;
  }

  async #claim(revision: number): Promise<void> {
    this.#revision = await this.bucket.write(WRITER_KEY, { routerId: this.routerId }, revision);
    this.#held = true;
    this.#beat?.close();
    this.#beat = every(WRITER_BEAT_MS, () => this.#renew());
  }

  async #renew(): Promise<void> {
    const now = performance.now();
    const alone = now - this.#askedAt > STANDBY_GONE_MS;
    if (alone && now - this.#beatAt < ALONE_BEAT_MS) return;
    this.#beatAt = now;
    try {
      this.#revision = await this.bucket.write(
        WRITER_KEY,
        { routerId: this.routerId },
        this.#revision,
      );
    } catch (error) {
      // No answer: the server is away or slow. The key stays ours until another router takes it.
      if (!(error instanceof RevisionConflict)) return;
      const entry = await this.bucket.read(WRITER_KEY, claimShape).catch(() => undefined);
      if (entry === undefined) return;
      if (entry.value?.routerId === this.routerId) {
        this.#revision = entry.revision;
      } else if (this.#held) {
        this.stop();
        this.onLost();
      }
    }
  }
}
