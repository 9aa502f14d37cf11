/** The process that owns a stack in the background: reports its start, then runs until it is stopped. */
import { parseArgs } from 'node:util';
import { messageOf, SandboxError } from '../../domain/errors.js';
import { loadConfig } from '../../platform/config.js';
import { surviveLostOutput } from '../../platform/process.js';
import type { StartMessage } from './background.js';
import { configEnvironment } from './environment.js';
import type { ServiceName } from './service.js';
import { AlreadyOwned, Supervisor } from './supervisor.js';

/** Resolves once the message is on its way, or nobody is there to take it. */
function report(message: StartMessage): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected) resolve();
    else
      process.send?.(message, undefined, undefined, () => {
        resolve();
      });
  });
}

/** The last message: the starter waits no longer. */
async function reportEnd(message: StartMessage): Promise<void> {
  await report(message);
  if (process.connected) process.disconnect();
}

async function main(): Promise<void> {
  surviveLostOutput();
  const config = loadConfig(process.env);
  const { only } = parseArgs({ options: { only: { type: 'string' } } }).values;
  let ready = false;
  const supervisor = new Supervisor({
    config,
    env: configEnvironment(config, process.env),
    only: only?.split(',') as ServiceName[] | undefined,
    onProgress: (progress) => {
      process.stderr.write(`${new Date().toISOString()} ${progress.service}: ${progress.text}\n`);
      void report({ progress });
    },
  });
  // The starter may give up before the stack is ready (Ctrl-C in `bd dev up`), perhaps even before this line.
  const onStarterGone = (): void => {
    if (!ready) supervisor.down();
  };
  process.on('disconnect', onStarterGone);
  if (process.send !== undefined && !process.connected) onStarterGone();
  await supervisor.run((state) => {
    ready = true;
    void reportEnd({ ready: state });
  });
}

main().catch(async (error: unknown) => {
  if (error instanceof AlreadyOwned) return reportEnd({ ready: null });
  process.stderr.write(`${messageOf(error)}\n`);
  const known =
    error instanceof SandboxError ? error : new SandboxError('SANDBOX_009', messageOf(error));
  process.exitCode = known.exitCode;
  return reportEnd({ failed: known.toJSON() });
});
