/**
 * One supervisor for a home. The lock is a file that names its holder; since `link` either makes the whole file or
 * nothing, no reader sees a lock without a holder. A dead holder's lock is moved away before it is replaced.
 */
import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm } from 'node:fs/promises';
import { z } from 'zod';
import { delay } from '../../platform/deadline.js';
import { withDraft } from '../../platform/private-file.js';
import { identify, identitySchema, isAlive } from './identity.js';

const holderSchema = identitySchema.extend({
  nonce: z.string(),
  /** Where its control server listens, and what it asks callers for. */
  controlPort: z.number().int(),
  token: z.string(),
});
export type LockHolder = z.infer<typeof holderSchema>;

/** The live holder of the lock; null without one. */
export async function readLock(path: string): Promise<LockHolder | null> {
  const holder = parse(await readFile(path, 'utf8').catch(() => ''));
  return holder !== null && isAlive(holder) ? holder : null;
}

function parse(text: string): LockHolder | null {
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

export interface Lock {
  release(): Promise<void>;
}

/** The lock, or the living process that has it: a stack that runs is found on a full disk too. */
export async function takeLock(
  path: string,
  control: { controlPort: number; token: string },
): Promise<{ lock: Lock } | { holder: LockHolder }> {
  const self = identify(process.pid);
  if (self === null) throw new Error('this process cannot be identified');
  const mine: LockHolder = { ...self, ...control, nonce: randomBytes(8).toString('hex') };
  for (;;) {
    const living = await readLock(path);
    if (living !== null) return { holder: living };
    if (await place(path, mine)) {
      // Whoever saw the dead holder before us may be moving our lock away this very moment (below).
      await delay(20);
      const now = parse(await readFile(path, 'utf8').catch(() => ''));
      if (now?.nonce === mine.nonce) return { lock: { release: () => release(path, mine.nonce) } };
      continue;
    }
    const text = await readFile(path, 'utf8').catch(() => '');
    const holder = parse(text);
    if (holder !== null && isAlive(holder)) return { holder };
    await moveAway(path, text);
  }
}

async function place(path: string, holder: LockHolder): Promise<boolean> {
  return withDraft(path, `${JSON.stringify(holder)}\n`, async (draft) => {
    try {
      await link(draft, path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  });
}

/** Removes the dead holder's file. If a living one has taken its place since we read it, that one is put back. */
async function moveAway(path: string, seen: string): Promise<void> {
  const aside = `${path}.${randomBytes(8).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  const moved = await readFile(aside, 'utf8').catch(() => '');
  if (moved !== seen) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

async function release(path: string, nonce: string): Promise<void> {
  const now = parse(await readFile(path, 'utf8').catch(() => ''));
  if (now?.nonce === nonce) await rm(path, { force: true });
}
