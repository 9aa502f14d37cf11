/**
 * The routers' KV bucket (routing/members.ts), read from its leader: a replica's answer could hide
 * a live router.
 */
import { ErrorCode, headers, NatsError, type NatsConnection, type StreamInfo } from 'nats';
import { z } from 'zod';
import {
  aliveSubject,
  FENCE_KEY,
  MAX_UNCONFIRMED,
  memberKey,
  ROUTER_BUCKET,
  ROUTER_BUCKET_STREAM,
  ROUTER_LEASE_MS,
} from './members.js';
import { isNotFound, isRefusal } from '../platform/nats-errors.js';

const PREFIX = `$KV.${ROUTER_BUCKET}.`;
/** A later answer says nothing about the router: the system may be slow. */
const PROBE_TIMEOUT_MS = 300;

export interface BucketEntry<T> {
  /** null: never written, or deleted. */
  readonly value: T | null;
  /**
   * The revision for a conditional write: the delete marker's if there is one, 0 if there is
   * nothing.
   */
  readonly revision: number;
  /** By the server's clock. */
  readonly writtenAt: number;
}

/** Values are checked at reading: another version may have written them. */
export type Shape<T> = Pick<z.ZodType<T>, 'parse'>;

/** The part of a member's entry (routing/members.ts, RouterMember) that others use. */
export const memberShape = z.object({ routerId: z.string() });

/** Under FENCE_KEY: the last sequence that may not be an event. */
export const fenceShape = z.object({ through: z.number().int() });

/** Call it before a fence is written behind `sequence`. */
export async function announceFence(bucket: RouterBucket, sequence: number): Promise<void> {
  await bucket.write(FENCE_KEY, { through: sequence + MAX_UNCONFIRMED });
}

/** The key has another revision than expected. */
export class RevisionConflict extends Error {
  override readonly name = 'RevisionConflict';
}

export interface RouterBucket {
  read<T>(key: string, shape: Shape<T>): Promise<BucketEntry<T>>;
  /** Returns the new revision. `expected`: the revision last read. @throws RevisionConflict */
  write(key: string, value: unknown, expected?: number): Promise<number>;
  /** Writes a delete marker, as every KV client understands it. @throws RevisionConflict */
  remove(key: string, expected?: number): Promise<void>;
  /** The keys under a prefix and the server's time, from one answer of the leader. */
  keys(prefix: string): Promise<{ readonly keys: string[]; readonly now: number }>;
}

/**
 * @param apiPrefix the subject prefix of JetStream's API on this connection, then read-only;
 * absent: the default
 */
export function routerBucket(
  nc: NatsConnection,
  { timeout = 1_000, apiPrefix }: { timeout?: number; apiPrefix?: string | undefined } = {},
): RouterBucket {
  const js = nc.jetstream({ timeout });
  const jsm = (): ReturnType<NatsConnection['jetstreamManager']> =>
    nc.jetstreamManager({
      ...{ checkAPI: false, timeout },
      ...(apiPrefix === undefined ? {} : { apiPrefix }),
    });

  async function put(
    key: string,
    payload: string,
    expected: number | undefined,
    deleted: boolean,
  ): Promise<number> {
    const mark = headers();
    if (deleted) mark.set('KV-Operation', 'DEL');
    try {
      const ack = await js.publish(PREFIX + key, payload, {
        timeout,
        headers: mark,
        ...(expected === undefined ? {} : { expect: { lastSubjectSequence: expected } }),
      });
      return ack.seq;
    } catch (error) {
      // Another process has written the key.
      if (isRefusal(error, 'wrongLastSequence')) throw new RevisionConflict(key, { cause: error });
      throw error;
    }
  }

  return {
    async read<T>(key: string, shape: Shape<T>) {
      try {
        const message = await (
          await jsm()
        ).streams.getMessage(ROUTER_BUCKET_STREAM, { last_by_subj: PREFIX + key });
        const deleted = message.header.get('KV-Operation') !== '';
        return {
          value: deleted ? null : shape.parse(message.json()),
          revision: message.seq,
          writtenAt: Date.parse(message.timestamp),
        };
      } catch (error) {
        if (isNotFound(error)) return { value: null, revision: 0, writtenAt: 0 };
        throw error;
      }
    },

    write: (key, value, expected) => put(key, JSON.stringify(value), expected, false),

    async remove(key, expected) {
      await put(key, '', expected, true);
    },

    async keys(prefix) {
      const info: StreamInfo & { readonly ts?: string } = await (
        await jsm()
      ).streams.info(ROUTER_BUCKET_STREAM, { subjects_filter: `${PREFIX}${prefix}>` });
      return {
        keys: Object.keys(info.state.subjects ?? {}).map((subject) => subject.slice(PREFIX.length)),
        now: Date.parse(info.ts ?? '') || Date.now(),
      };
    },
  };
}

/** The entries of all routers with a valid lease. */
export async function livingMembers<T>(bucket: RouterBucket, shape: Shape<T>): Promise<T[]> {
  const { keys, now } = await bucket.keys(memberKey(''));
  const members = await Promise.all(keys.map((key) => bucket.read(key, shape)));
  return members.flatMap(({ value, writtenAt }) =>
    value !== null && now - writtenAt < ROUTER_LEASE_MS ? [value] : [],
  );
}

/**
 * True if no process listens for this router. The system closes a killed process's connection, and
 * the server reports that at once. A slow router is not absent.
 */
export async function isAbsent(nc: NatsConnection, routerId: string): Promise<boolean> {
  try {
    await nc.request(aliveSubject(routerId), '', { timeout: PROBE_TIMEOUT_MS });
    return false;
  } catch (error) {
    return error instanceof NatsError && error.code === ErrorCode.NoResponders;
  }
}
