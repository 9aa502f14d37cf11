/** Starts the stack in a process of its own, or joins one that starts, and waits until it works. */
import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SandboxError, type ErrorJson } from '../../domain/errors.js';
import { delay } from '../../platform/deadline.js';
import { readStackFile, type StackState } from '../../platform/stack-file.js';
import { openLog } from './child.js';
import { ask } from './control.js';
import { homePaths, makeHome } from './home.js';
import { readLock } from './lock.js';
import type { Progress } from './service.js';
import type { SupervisorOptions } from './supervisor.js';

/** What the process reports to its starter. */
export type StartMessage =
  | { readonly progress: Progress }
  /** Null: another process owns the stack. */
  | { readonly ready: StackState | null }
  | { readonly failed: ErrorJson };

/** The entry of that process. */
export const supervisorEntry = fileURLToPath(new URL('main.js', import.meta.url));

/** Everything runs and answers when it resolves. @throws the start's own SandboxError, or SANDBOX_009 */
export async function upInBackground(options: SupervisorOptions): Promise<StackState> {
  for (;;) {
    const state = (await whenRunning(options)) ?? (await startDetached(options));
    // Null: another process was quicker; its stack is the one to wait for.
    if (state !== null) return state;
  }
}

async function startDetached(options: SupervisorOptions): Promise<StackState | null> {
  const { config, env, only, onProgress } = options;
  const { supervisorLog } = await makeHome(config.home);
  const log = openLog(supervisorLog);
  const args = [supervisorEntry, ...(only === undefined ? [] : [`--only=${only.join(',')}`])];
  const child = spawn(process.execPath, ['--enable-source-maps', ...args], {
    cwd: '/',
    env,
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  return new Promise((resolve, reject) => {
    let failure: SandboxError | undefined;
    child.on('message', (message: StartMessage) => {
      if ('progress' in message) onProgress(message.progress);
      else if ('ready' in message) {
        child.unref();
        resolve(message.ready);
      } else {
        const { code, message: text, hint } = message.failed;
        failure = new SandboxError(code, text, { hint });
      }
    });
    child.once('error', (error) => {
      reject(new SandboxError('SANDBOX_009', `the supervisor cannot be started: ${error.message}`));
    });
    // Only then is nothing left of it.
    child.once('close', (code, signal) => {
      const end = `the supervisor ended with ${signal ?? `exit code ${code}`}`;
      reject(
        failure ?? new SandboxError('SANDBOX_009', end, { hint: `Its log is ${supervisorLog}.` }),
      );
    });
  });
}

/** A first start may have to download; one that takes longer has stopped getting anywhere. */
const WAIT_MS = 300_000;

/** The state of a stack that runs or is about to; null where there is none (any more). */
async function whenRunning({ config, onProgress }: SupervisorOptions): Promise<StackState | null> {
  const { lock, supervisorLog } = homePaths(config.home);
  const say = (text: string): void => {
    onProgress({ service: 'stack', text });
  };
  const deadline = Date.now() + WAIT_MS;
  for (let waits = false; ; waits = true) {
    const holder = await readLock(lock);
    if (holder === null) return null;
    const status = await ask(holder, 'status').catch(() => null);
    const state = status?.phase === 'running' ? readStackFile(config.home) : null;
    if (state !== null) {
      say(`runs already (pid ${holder.pid})`);
      return state;
    }
    if (!waits) say(`process ${holder.pid} is ${status?.phase ?? 'stopping'} it, waiting`);
    if (Date.now() > deadline) {
      const text = `process ${holder.pid} owns ${config.home} and does not get ready`;
      throw new SandboxError('SANDBOX_009', text, {
        hint: `See ${supervisorLog}; \`bd dev down\` ends it.`,
      });
    }
    await delay(100);
  }
}
