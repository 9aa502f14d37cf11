/** The API process: the only file of the API that reads the environment. */
import { once } from 'node:events';
import { messageOf, SandboxError } from '../domain/errors.js';
import { loggingCloser } from '../platform/closer.js';
import { loadConfig } from '../platform/config.js';
import { createLogger } from '../platform/log.js';
import { reportReady, stopSignal, surviveDriverErrors } from '../platform/process.js';
import { openApi } from './open.js';

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const log = createLogger('api', config.logLevel);
  surviveDriverErrors(log);
  const stopping = stopSignal();
  await using closer = loggingCloser(log);
  const { url, metrics } = await openApi(closer, config, log);
  log.info({ url, metrics, version: process.version }, 'API started');
  reportReady(metrics, url);
  if (!stopping.aborted) await once(stopping, 'abort');
  log.info({ why: String(stopping.reason) }, 'API stops');
}

await main().catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof SandboxError ? `${error.code} ${error.message}\n${error.hint}` : messageOf(error)}\n`,
  );
  process.exitCode = error instanceof SandboxError ? error.exitCode : 1;
});
// A driver's handles may outlive it; everything of ours is closed by now.
process.exit();
