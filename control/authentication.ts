/**
 * Finds the identity of a token. Known tokens are cached, and the revision of all tokens is read
 * twice a second. So a request needs no query, and each replica refuses a revoked token within 2 s.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Actor } from '../domain/actor.js';
import { SandboxError } from '../domain/errors.js';
import { parseToken, type TokenId } from '../domain/token.js';
import { withDeadline } from '../platform/deadline.js';
import { every } from '../platform/every.js';
import type { Database } from '../store/database.js';
import { tokenById, tokenRevision, touchToken, type StoredToken } from '../store/tokens.js';
import { hashOfSecret } from './new-token.js';

/** `expiresAt` in epoch ms: the token's own, or an earlier one of a token that it comes from. */
export type SignedIn = Actor & { readonly tokenId: TokenId; readonly expiresAt: number };

const READ_EVERY_MS = 500;
/** Shorter than the trust, so that a blocked read does not delay the next one. */
const READ_WITHIN_MS = 1_000;
/**
 * The API trusts its last read for this long, so a token revoked just after a read is refused by
 * then.
 */
const TRUSTED_MS = 1_500;
const TOUCH_EVERY_MS = 60_000;
const LOOK_UP_MS = 4_000;
/** About 500 bytes each. */
const REMEMBERED = 10_000;

interface Known {
  /** The revision before the look-up began. With a later revision the token is looked up again. */
  readonly revision: number;
  readonly token: Promise<StoredToken | null>;
  touchedAt: number;
}

export class Authenticator {
  private readonly known = new Map<TokenId, Known>();
  private revision = -1;
  /** The start of the last successful read. Earlier revocations are known. */
  private readAt = -Infinity;
  private reading: { close(): void } | undefined;

  /** @param database whose role may call `api_token` */
  constructor(private readonly database: Database) {}

  /**
   * Reads the revision now, and repeatedly until `close`. Never rejects: without Postgres, tokens
   * are refused.
   */
  async start(): Promise<void> {
    this.reading ??= every(READ_EVERY_MS, () => this.read());
    await this.read();
  }

  /**
   * @throws SANDBOX_012 for an invalid token, with a reason only if its secret is right;
   * SANDBOX_009 if the revision has not been read for 1.5 s, or Postgres does not answer
   */
  async authenticate(text: string): Promise<SignedIn> {
    const parts = parseToken(text);
    if (parts === null) throw refused('the token is not valid');
    this.requireTrust();
    const known = this.look(parts.tokenId);
    const token = await known.token;
    // Compared in constant time, so the time of an answer does not reveal a partly right guess.
    const given = hashOfSecret(parts.secret);
    const kept = Buffer.from(token?.secretHash ?? '', 'hex');
    if (token === null || !timingSafeEqual(given, padded(kept)) || token.kind !== parts.kind)
      throw refused('the token is not valid');
    if (token.revoked) throw refused('the token was revoked');
    if (token.expiresAt <= Date.now()) throw refused('the token has expired');
    // The look-up may have taken long.
    this.requireTrust();
    if (known.revision !== this.revision) return this.authenticate(text);
    this.touch(known, token.tokenId);
    return signedIn(token);
  }

  close(): void {
    this.reading?.close();
    this.reading = undefined;
    this.known.clear();
  }

  private look(tokenId: TokenId): Known {
    const earlier = this.known.get(tokenId);
    if (earlier?.revision === this.revision) return earlier;
    const token = withDeadline(tokenById(this.database, tokenId), LOOK_UP_MS, 'Postgres').catch(
      (error: unknown) => {
        this.forget(tokenId, known);
        throw away(error);
      },
    );
    const known: Known = { revision: this.revision, token, touchedAt: -Infinity };
    this.known.delete(tokenId);
    this.known.set(tokenId, known);
    const [oldest] = this.known.keys();
    if (this.known.size > REMEMBERED && oldest !== undefined) this.known.delete(oldest);
    // A token that does not exist yet may be created at any moment, without a new revision.
    token.then(
      (found) => {
        if (found === null) this.forget(tokenId, known);
      },
      () => undefined,
    );
    return known;
  }

  private forget(tokenId: TokenId, known: Known): void {
    if (this.known.get(tokenId) === known) this.known.delete(tokenId);
  }

  private touch(known: Known, tokenId: TokenId): void {
    if (performance.now() - known.touchedAt < TOUCH_EVERY_MS) return;
    known.touchedAt = performance.now();
    // A request does not wait for it, nor fail with it.
    touchToken(this.database, tokenId).catch(() => undefined);
  }

  private requireTrust(): void {
    if (performance.now() - this.readAt <= TRUSTED_MS) return;
    throw new SandboxError('SANDBOX_009', 'Postgres cannot say which tokens are still valid', {
      hint: 'Try again in a moment.',
      details: { dependency: 'postgres' },
    });
  }

  private async read(): Promise<void> {
    const began = performance.now();
    const reading = withDeadline(
      tokenRevision(this.database),
      READ_WITHIN_MS,
      'the token revision',
    );
    const revision = await reading.catch(() => null);
    if (revision === null || this.reading === undefined) return;
    this.readAt = began;
    if (revision === this.revision) return;
    this.revision = revision;
    this.known.clear();
  }
}

/** A hash of another length equals none. `timingSafeEqual` accepts only equal lengths. */
const padded = (kept: Buffer): Buffer => (kept.length === 32 ? kept : Buffer.alloc(32));

const refused = (message: string): SandboxError => new SandboxError('SANDBOX_012', message);

const away = (error: unknown): unknown =>
  error instanceof SandboxError
    ? error
    : new SandboxError('SANDBOX_009', 'Postgres did not answer which token this is', {
        details: { dependency: 'postgres' },
        cause: error,
      });

const signedIn = (token: StoredToken): SignedIn => ({
  ...{ name: token.owner, kind: token.kind, role: token.role, scopes: token.scopes, via: 'api' },
  ...(token.sandboxId === null ? {} : { sandboxId: token.sandboxId }),
  ...{ tokenId: token.tokenId, expiresAt: token.expiresAt },
});
