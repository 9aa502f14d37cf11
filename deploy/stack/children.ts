/** The record of what a supervisor started, for the clean-up after one that could not end its children. */
import { basename } from 'node:path';
import { z } from 'zod';
import { delay } from '../../platform/deadline.js';
import type { Bookkeeping } from './bookkeeping.js';
import { readJson, writeJson } from './home.js';
import { identitySchema, isAlive, signalProcess, type ProcessIdentity } from './identity.js';

const schema = z.record(z.string(), identitySchema);

export class ChildRecord {
  private readonly children = new Map<string, ProcessIdentity>();
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly path: string,
    private readonly books: Bookkeeping,
  ) {}

  /** Null: it has ended. Written in the order of the calls; never rejects, since the stack can do without the record. */
  set(name: string, identity: ProcessIdentity | null): Promise<void> {
    if (identity === null) this.children.delete(name);
    else this.children.set(name, identity);
    const write = (): Promise<void> => writeJson(this.path, Object.fromEntries(this.children));
    this.writing = this.writing.then(() => this.books.keep(basename(this.path), write));
    return this.writing;
  }
}

const ASK_MS = 10_000;

/** Ends what an earlier supervisor left running. Returns the names of what it found. */
export async function endLeftovers(path: string): Promise<string[]> {
  const parsed = schema.safeParse(await readJson(path));
  const found = Object.entries(parsed.success ? parsed.data : {}).filter(([, id]) => isAlive(id));
  await Promise.all(found.map(([name, identity]) => end(name, identity)));
  return found.map(([name]) => name);
}

async function end(name: string, identity: ProcessIdentity): Promise<void> {
  // Postgres takes SIGTERM as a wish to wait for its clients.
  signalProcess(identity, name === 'postgres' ? 'SIGINT' : 'SIGTERM');
  signalProcess(identity, 'SIGCONT');
  if (await hasEnded(identity, ASK_MS)) return;
  signalProcess(identity, name === 'postgres' ? 'SIGQUIT' : 'SIGKILL');
  if (await hasEnded(identity, ASK_MS)) return;
  signalProcess(identity, 'SIGKILL');
  await hasEnded(identity, ASK_MS);
}

export async function hasEnded(identity: ProcessIdentity, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (isAlive(identity)) {
    if (Date.now() > deadline) return false;
    await delay(20);
  }
  return true;
}
