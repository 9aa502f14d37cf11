/** This router's member key, renewed every second (routing/members.ts, RouterMember). */
import { memberKey, type RouterMember } from '../../routing/members.js';
import { memberShape, RevisionConflict, type RouterBucket } from '../../routing/router-bucket.js';

const BEAT_MS = 1_000;

export class Membership {
  #revision = 0;
  #since = Infinity;
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void> | undefined;

  constructor(
    private readonly bucket: RouterBucket,
    private readonly describe: () => RouterMember,
    /** A barrier dropped this router: its table must be checked before the next decision. */
    private readonly onDropped: () => void,
  ) {}

  /** `performance.now()` of the key's first write since it was last missing. */
  get since(): number {
    return this.#since;
  }

  start(): void {
    this.#timer = setInterval(() => void this.beat().catch(() => undefined), BEAT_MS);
  }

  /** Writes the key. After this a barrier waits for us, or drops us behind a fence. */
  async beat(): Promise<void> {
    await this.#beating?.catch(() => undefined);
    this.#beating = this.#write();
    try {
      await this.#beating;
    } finally {
      this.#beating = undefined;
    }
  }

  async leave(): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating?.catch(() => undefined);
    await this.bucket.remove(memberKey(this.describe().routerId));
  }

  /** For a process that ends at once. */
  stop(): void {
    clearInterval(this.#timer);
  }

  async #write(): Promise<void> {
    const member = this.describe();
    const key = memberKey(member.routerId);
    try {
      const revision = await this.bucket.write(key, member, this.#revision);
      if (this.#since === Infinity) this.#since = performance.now();
      this.#revision = revision;
    } catch (error) {
      if (!(error instanceof RevisionConflict)) throw error;
      // Only we write this key. So a lost answer to our own write moved the revision, or a barrier
      // deleted the key.
      const entry = await this.bucket.read(key, memberShape);
      const dropped = entry.value === null && this.#since !== Infinity;
      this.#revision = await this.bucket.write(key, member, entry.revision);
      if (entry.value === null) this.#since = performance.now();
      if (dropped) this.onDropped();
    }
  }
}
