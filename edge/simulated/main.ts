/** The process of simulated Discord: the only file here that reads the environment. */
import { once } from 'node:events';
import { Registry } from 'prom-client';
import { messageOf, SandboxError } from '../../domain/errors.js';
import { loggingCloser } from '../../platform/closer.js';
import { loadConfig, type Config } from '../../platform/config.js';
import { createLogger, type Logger } from '../../platform/log.js';
import { startMetricsServer } from '../../platform/metrics-server.js';
import { reportReady, stopSignal, surviveLostOutput } from '../../platform/process.js';
import { openSimulatedDiscord, type SimulatedDiscord } from './simulated-discord.js';

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const log = createLogger('discord', config.logLevel);
  surviveLostOutput();
  const stopping = stopSignal();
  await using closer = loggingCloser(log);
  const opening = open(config, log);
  const { url } = await closer.open('simulated Discord', opening, (discord) => discord.close());
  const page = startMetricsServer({
    ...{ registry: new Registry(), host: config.metricsHost, port: config.metricsPort },
    // It needs no server: it is ready as soon as it listens.
    ready: () => ({ ok: true, detail: { url } }),
  });
  const metrics = await closer.open('the page of metrics', page, (opened) => opened.close());
  log.info({ url, metrics: metrics.url }, 'simulated Discord started: it is not discord.com');
  reportReady(metrics.url, url);
  if (!stopping.aborted) await once(stopping, 'abort');
  log.info({ why: String(stopping.reason) }, 'simulated Discord stops');
}

/** @throws SANDBOX_008 without a secret, and for a port that is taken */
async function open({ discord }: Config, log: Logger): Promise<SimulatedDiscord> {
  const { port, secret } = discord;
  if (secret === undefined) {
    throw new SandboxError('SANDBOX_008', 'SANDBOX_DISCORD_SECRET is not set', {
      hint: '`bd dev up` starts simulated Discord, and sets it.',
    });
  }
  return openSimulatedDiscord({ port, secret, log }).catch((error: unknown) => {
    throw new SandboxError('SANDBOX_008', `simulated Discord cannot listen: ${messageOf(error)}`, {
      hint: 'Set SANDBOX_DISCORD_PORT to a port that is free.',
      cause: error,
    });
  });
}

await main().catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof SandboxError ? `${error.code} ${error.message}\n${error.hint}` : messageOf(error)}\n`,
  );
  process.exitCode = error instanceof SandboxError ? error.exitCode : 1;
});
process.exit();
