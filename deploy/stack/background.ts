/** Starts the stack in a process of its own, or joins one that starts, and waits until it works. */
import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { SandboxError } from '../../domain/errors.js';
import type { Config } from '../../platform/config.js';
import { delay } from '../../platform/deadline.js';
import { readStackFile, type StackState } from '../../platform/stack-file.js';
import { askStatus } from './control.js';
import { homePaths, makeHome } from './home.js';
import { readLock } from './lock.js';
import { openLog } from './child.js';
import type { StartMessage } from './main.js';
import { supervisorEntry } from './processes.js';
import type { OnProgress, ServiceName } from './service.js';

export async function upInBackground(
  config: Config,
  env: Readonly<Record<string, string>>,
  only: readonly ServiceName[] | undefined,
  onProgress: OnProgress,
): Promise<StackState> {
  for (;;) {
    const running = await whenRunning(config, onProgress);
    if (running !== null) return running;
    const state = await startDetached(config, env, only, onProgress);
    // Null: another process was quicker; its stack is the one to wait for.
    if (state !== null) return state;
  }
}

async function startDetached(
  config: Config,
  env: Readonly<Record<string, string>>,
  only: readonly ServiceName[] | undefined,
  onProgress: OnProgress,
): Promise<StackState | null> {
  const { supervisorLog } = await makeHome(config.home);
  const log = openLog(supervisorLog);
  const args = [supervisorEntry, ...(only === undefined ? [] : [`--only=${only.join(',')}`])];
  const child = spawn(process.execPath, ['--enable-source-maps', ...args], {
    cwd: '/',
    env: { ...env },
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
      } else if ('owned' in message) resolve(null);
      else {
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
async function whenRunning(config: Config, onProgress: OnProgress): Promise<StackState | null> {
  const deadline = Date.now() + WAIT_MS;
  let told = false;
  for (;;) {
    const holder = await readLock(homePaths(config.home).lock);
    if (holder === null) return null;
    const phase = await askStatus(holder).then(
      (status) => status.phase,
      () => 'stopping' as const,
    );
    if (phase === 'running') {
      const state = readStackFile(config.home);
      if (state !== null) {
        onProgress({ service: 'stack', text: `runs already (pid ${holder.pid})` });
        return state;
      }
    }
    if (!told)
      onProgress({ service: 'stack', text: `process ${holder.pid} is ${phase} it, waiting` });
    told = true;
    if (Date.now() > deadline) {
      throw new SandboxError(
        'SANDBOX_009',
        `process ${holder.pid} owns ${config.home} and does not get ready`,
        {
          hint: `See ${homePaths(config.home).supervisorLog}; \`bd dev down\` ends it.`,
        },
      );
    }
    await delay(100);
  }
}
