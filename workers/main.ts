/** The worker process. */
import { messageOf, SandboxError } from '../domain/errors.js';
import { loadConfig } from '../platform/config.js';
import { runWorker } from './run-worker.js';

const run = async (): Promise<void> => {
  await runWorker(loadConfig(process.env));
};

await run().catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof SandboxError ? `${error.code} ${error.message}\n${error.hint}` : messageOf(error)}\n`,
  );
  process.exitCode = error instanceof SandboxError ? error.exitCode : 1;
});
// The SDK's native handles may outlive the worker. Everything of ours is closed by now.
process.exit();
