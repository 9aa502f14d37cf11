/** The process that owns a stack in the background: tells its starter how it goes, then runs until it is stopped. */
import { messageOf, SandboxError, type ErrorJson } from '../../domain/errors.js';
import { loadConfig } from '../../platform/config.js';
import { surviveLostOutput } from '../../platform/process.js';
import type { StackState } from '../../platform/stack-file.js';
import { runSupervisor } from './run.js';
import type { Progress, ServiceName } from './service.js';
import { AlreadyOwned } from './supervisor.js';

/** What the starter hears over the channel. */
export type StartMessage =
  | { readonly progress: Progress }
  | { readonly ready: StackState }
  | { readonly owned: true }
  | { readonly failed: ErrorJson };

function tell(message: StartMessage): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected) resolve();
    else
      process.send?.(message, undefined, undefined, () => {
        resolve();
      });
  });
}

function only(): readonly ServiceName[] | undefined {
  const argument = process.argv.find((text) => text.startsWith('--only='));
  return argument?.slice('--only='.length).split(',') as ServiceName[] | undefined;
}

async function main(): Promise<void> {
  surviveLostOutput();
  const config = loadConfig(process.env);
  let ready = false;
  const names = only();
  const run = runSupervisor({
    config,
    env: process.env,
    ...(names === undefined ? {} : { only: names }),
    onProgress: (progress) => {
      process.stderr.write(`${new Date().toISOString()} ${progress.service}: ${progress.text}\n`);
      void tell({ progress });
    },
  });
  // Whoever wanted the stack has gone before it was there (Ctrl-C in `bd dev up`), perhaps even before this line.
  const onStarterGone = (): void => {
    if (!ready) void run.stop();
  };
  process.on('disconnect', onStarterGone);
  if (process.send !== undefined && !process.connected) onStarterGone();
  const state = await run.started;
  ready = true;
  await tell({ ready: state });
  if (process.connected) process.disconnect();
  await run.stopped;
}

main().catch(async (error: unknown) => {
  if (error instanceof AlreadyOwned) {
    await tell({ owned: true });
  } else {
    process.stderr.write(`${messageOf(error)}\n`);
    const known =
      error instanceof SandboxError ? error : new SandboxError('SANDBOX_009', messageOf(error));
    await tell({ failed: known.toJSON() });
    process.exitCode = known.exitCode;
  }
  if (process.connected) process.disconnect();
});
