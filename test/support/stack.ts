/**
 * The run's stack for tests: configuration, the administrator's addresses, clients, and a way to
 * wait.
 */
import { customAlphabet } from 'nanoid';
import { onTestFinished } from 'vitest';
import type { Control } from '../../domain/control.js';
import { openDirectControl } from '../../control/direct-control.js';
import { loadConfig, type Config } from '../../platform/config.js';
import { delay } from '../../platform/deadline.js';
import { closePostgres, openPostgres, type Sql } from '../../platform/postgres.js';
import { readStackFile, type StackState } from '../../platform/stack-file.js';
import { runHome } from './run-home.js';

export function stackConfig(env: Record<string, string> = {}): Config {
  return loadConfig({ SANDBOX_HOME: runHome(), SANDBOX_OWNER: 'tester', ...env });
}

export function stackState(): StackState {
  const state = readStackFile(runHome());
  if (state === null) throw new Error('the stack of the tests does not run');
  return state;
}

/** Closed when the test ends. */
export function openClient(env: Record<string, string> = {}): Control {
  const client = openDirectControl(stackConfig(env));
  onTestFinished(() => client.close());
  return client;
}

/** A connection with the administrator's rights; closed when the test ends. */
export function openAdmin(): Sql {
  const sql = openPostgres(stackState().urls.admin.database, { name: 'test', max: 4 });
  onTestFinished(() => closePostgres(sql));
  return sql;
}

const letters = customAlphabet('abcdefghijklmnopqrstuvwxyz', 10);

/** A new owner, so that other tests do not count against its limit. */
export const someOwner = (): string => `owner-${letters()}`;
export const someName = (): string => `test-${letters()}`;
const digits = customAlphabet('0123456789', 17);
/** A guild that no other test uses. */
export const someGuild = (): string => `1${digits()}`;

/** Waits until `probe` returns a truthy value; after `millis` it fails with the text `what`. */
export async function until<T>(
  what: string,
  probe: () => Promise<T>,
  millis = 20_000,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + millis;
  for (;;) {
    const seen = await probe();
    if (seen) return seen;
    if (Date.now() > deadline) throw new Error(`not within ${millis} ms: ${what}`);
    await delay(25);
  }
}
