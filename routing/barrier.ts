/**
 * The barrier of a route change (docs/routing.md). It returns once every live router has the new
 * version and has stored everything decided under an older one.
 */
import type { NatsConnection } from 'nats';
import { SandboxError } from '../domain/errors.js';
import { natsPrefix, type SandboxId } from '../domain/names.js';
import {
  memberKey,
  ROUTER_LEASE_MS,
  SYNC_SUBJECT,
  type SyncReply,
  type SyncRequest,
} from './members.js';
import { STREAMS } from './subjects.js';
import { delay } from '../platform/deadline.js';
import { newInbox } from '../platform/nats.js';
import { FenceRefused, readLogEntry, streamFacts, writeFence } from './routed-log.js';
import {
  announceFence,
  isAbsent,
  memberShape,
  RevisionConflict,
  routerBucket,
  type RouterBucket,
} from './router-bucket.js';

const ASK_EVERY_MS = 250;
/**
 * A registration may not return before the fence is written. A busy writer keeps moving the end of
 * the log.
 */
const FENCE_ATTEMPTS = 50;

/** @throws SANDBOX_009 with each router that did not confirm in time */
export async function confirmRoutes(
  nc: NatsConnection,
  version: number,
  { timeoutMs }: { readonly timeoutMs: number },
): Promise<void> {
  await runBarrier(nc, { version }, timeoutMs);
}

/**
 * Removes a sandbox's events from `ROUTED`. Only after the barrier of its routes, so that no event
 * is decided twice. A position message goes first: the last message holds the router's position and
 * may be purged.
 * @throws SANDBOX_009 if the writer does not answer in time
 */
export async function purgeLeftovers(
  nc: NatsConnection,
  sandboxId: SandboxId,
  { timeoutMs = 3_000 }: { readonly timeoutMs?: number } = {},
): Promise<void> {
  const filter = `${natsPrefix(sandboxId)}>`;
  const jsm = await nc.jetstreamManager({ checkAPI: false, timeout: 5_000 });
  const { state } = await jsm.streams.info(STREAMS.routed, { subjects_filter: filter });
  if (Object.keys(state.subjects ?? {}).length === 0) return;
  const replies = await runBarrier(nc, { version: 0, position: true }, timeoutMs);
  if (!replies.some(({ positioned }) => positioned === true)) await fenceLog(nc);
  await jsm.streams.purge(STREAMS.routed, { filter });
}

async function runBarrier(
  nc: NatsConnection,
  asked: SyncRequest,
  timeoutMs: number,
): Promise<SyncReply[]> {
  const bucket = routerBucket(nc);
  const replies = new Map<string, SyncReply>();
  const absences = new Map<string, number>();
  let request = asked;
  let wake: () => void = () => undefined;
  const inbox = newInbox(nc);
  const subscription = nc.subscribe(inbox, {
    callback: (error, message) => {
      // "No responders" is an empty message: no router lives, and the member keys tell which must
      // confirm.
      if (error !== null || message.data.length === 0) return;
      const reply = message.json<SyncReply>();
      replies.set(reply.routerId, reply);
      wake();
    },
  });
  const isWaiting = (routerId: string): boolean => {
    const reply = replies.get(routerId);
    return reply?.error !== undefined || (reply?.version ?? -1) < request.version;
  };
  const began = performance.now();
  try {
    for (;;) {
      nc.publish(SYNC_SUBJECT, JSON.stringify(request), { reply: inbox });
      const askedAt = performance.now();
      const members = await readMembers(bucket);
      const gone = members.filter(
        ({ routerId, ageMs }) =>
          isWaiting(routerId) && (ageMs >= ROUTER_LEASE_MS || (absences.get(routerId) ?? 0) >= 2),
      );
      const stuck: string[] = [];
      for (const { routerId } of gone)
        if (!(await drop(nc, bucket, routerId, replies))) stuck.push(routerId);
      // The writer proves with a position message that its term is the newest. A dead writer's term
      // then is not.
      if (stuck.length > 0) request = { ...request, position: true };
      const live = members
        .filter((member) => !gone.includes(member))
        .map(({ routerId }) => routerId);
      let waiting = live.filter(isWaiting);
      while (waiting.length > 0 && performance.now() - askedAt < ASK_EVERY_MS) {
        const changed = new Promise<void>((resolve) => {
          wake = resolve;
        });
        await Promise.race([
          changed,
          delay(Math.max(1, askedAt + ASK_EVERY_MS - performance.now())),
        ]);
        waiting = live.filter(isWaiting);
      }
      if (waiting.length === 0 && stuck.length === 0) return [...replies.values()];
      if (performance.now() - began > patience(waiting, replies, timeoutMs)) {
        throw unconfirmed([...waiting, ...stuck], replies, request.version);
      }
      const silent = waiting.filter((routerId) => !replies.has(routerId));
      await countAbsences(nc, silent, absences);
      if (stuck.length > 0) await delay(20);
    }
  } finally {
    subscription.unsubscribe();
  }
}

/** Counts per router how often in a row no process answered for it. */
async function countAbsences(
  nc: NatsConnection,
  routerIds: readonly string[],
  absences: Map<string, number>,
): Promise<void> {
  await Promise.all(
    routerIds.map(async (routerId) => {
      const before = absences.get(routerId) ?? 0;
      absences.set(routerId, (await isAbsent(nc, routerId)) ? before + 1 : 0);
    }),
  );
}

/** A router without any answer is dropped at the end of its lease, so the wait covers that. */
function patience(
  waiting: readonly string[],
  replies: ReadonlyMap<string, SyncReply>,
  timeoutMs: number,
): number {
  const answered = waiting.some((routerId) => replies.has(routerId));
  return answered ? timeoutMs : Math.max(timeoutMs, ROUTER_LEASE_MS + 1_000);
}

interface MemberAge {
  readonly routerId: string;
  readonly ageMs: number;
}

/**
 * The list comes from one answer of the bucket's leader. A router that registers later loads its
 * table later, and so with the new version. The server's clock gives each key's age.
 */
async function readMembers(bucket: RouterBucket): Promise<MemberAge[]> {
  const { keys, now } = await bucket.keys('member.');
  const entries = await Promise.all(keys.map((key) => bucket.read(key, memberShape)));
  return entries.flatMap(({ value, writtenAt }) =>
    value === null ? [] : [{ routerId: value.routerId, ageMs: now - writtenAt }],
  );
}

/**
 * Drops a router that cannot reach NATS: first a fence, so that nothing it still holds is stored,
 * then its key. With a live writer its position message serves: its term began behind a fence and
 * is the newest.
 * @returns false if neither is written yet
 */
async function drop(
  nc: NatsConnection,
  bucket: RouterBucket,
  routerId: string,
  replies: ReadonlyMap<string, SyncReply>,
): Promise<boolean> {
  const others = [...replies.values()].filter((reply) => reply.routerId !== routerId);
  const fenced = others.some(({ positioned }) => positioned === true);
  if (!fenced && others.some(({ role }) => role === 'writer')) return false;
  try {
    if (!fenced) await fenceLog(nc);
    const { value, revision } = await bucket.read(memberKey(routerId), memberShape);
    if (value !== null) await bucket.remove(memberKey(routerId), revision);
    return true;
  } catch (error) {
    if (error instanceof FenceRefused || error instanceof RevisionConflict) return false;
    throw error;
  }
}

/** A fence behind the log's end, with the position unchanged. */
async function fenceLog(nc: NatsConnection): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const { lastSequence } = await streamFacts(nc, STREAMS.routed);
    // Never written, or recreated: an earlier term's messages expect a later sequence.
    if (lastSequence === 0) return;
    const rawSequence = (await readLogEntry(nc, STREAMS.routed, { seq: lastSequence }))
      ?.rawSequence;
    try {
      // If the end is gone, the router must find the position. A fence would hide that.
      if (rawSequence == null)
        throw new FenceRefused(`the end of ${STREAMS.routed} holds no position`);
      await announceFence(routerBucket(nc), lastSequence);
      await writeFence(nc, { sequence: lastSequence, rawSequence });
      return;
    } catch (error) {
      if (!(error instanceof FenceRefused) || attempt >= FENCE_ATTEMPTS) throw error;
      await delay(20);
    }
  }
}

function unconfirmed(
  waiting: readonly string[],
  replies: ReadonlyMap<string, SyncReply>,
  version: number,
): SandboxError {
  const each = waiting.map((routerId) => {
    const reply = replies.get(routerId);
    return `${routerId} (${reply === undefined ? 'no answer' : (reply.error ?? `at version ${reply.version}`)})`;
  });
  return new SandboxError(
    'SANDBOX_009',
    `the router has not confirmed route version ${version}: ${each.join(', ')}`,
    {
      hint: 'A live router must reach Redis or Postgres to confirm; its /readyz says what it lacks.',
      details: { dependency: 'router', routers: waiting },
    },
  );
}
