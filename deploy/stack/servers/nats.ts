/** nats-server of the local stack: JetStream in a control account, every process with a user of its own, every sandbox with an account. */
import { join } from 'node:path';
import { closeNats, openNats } from '../../../platform/nats.js';
import { writePrivateFile } from '../../../platform/private-file.js';
import { makeDirectory } from '../home.js';
import { CREDENTIAL_FILE_USERS, credentialsFileName, type NatsOperator } from '../nats-operator.js';
import type { Launch, Service } from '../service.js';

export interface NatsOptions {
  readonly binary: string;
  readonly data: string;
  readonly run: string;
  readonly port: () => number;
  readonly monitorPort: () => number;
  readonly operator: NatsOperator;
  readonly env: Readonly<Record<string, string>>;
}

export function natsService(options: NatsOptions): Service {
  const { binary, data, run, port, monitorPort, operator } = options;
  const configPath = join(run, 'nats-server.conf');
  return {
    name: 'nats',
    stopSignal: 'SIGTERM',
    deathSignal: 'SIGTERM',
    stopWithinMs: 10_000,
    startWithinMs: 60_000,
    address: () => `127.0.0.1:${port()}`,
    // Its monitoring pages are JSON; Prometheus wants an exporter of its own for them.
    metrics: () => null,
    async launch(): Promise<Launch> {
      await makeDirectory(data, 0o700);
      await writePrivateFile(configPath, configuration(options));
      for (const user of CREDENTIAL_FILE_USERS) {
        await writePrivateFile(
          join(run, credentialsFileName(user)),
          operator.credentialFiles[user],
        );
      }
      return { command: binary, args: ['--config', configPath], env: options.env };
    },
    needsRestart: () => brokenStream(monitorPort()),
    async probe() {
      // Says ok once every stream has been recovered.
      const health = await fetch(`http://127.0.0.1:${monitorPort()}/healthz`, {
        signal: AbortSignal.timeout(1_500),
      });
      if (!health.ok) throw new Error(`not healthy yet: ${(await health.text()).slice(0, 200)}`);
      await health.body?.cancel();
      await askJetStream(`nats://admin:${operator.tokens.admin}@127.0.0.1:${port()}`);
    },
  };
}

/** As the administrator, so that another stack's server on this port is not taken for ours. */
async function askJetStream(url: string): Promise<void> {
  const nc = await openNats(url, 'bd dev');
  try {
    await nc.request('$JS.API.INFO', undefined, { timeout: 1_500 });
  } finally {
    await closeNats(nc);
  }
}

/** A stream whose write failed once (the disk was full) refuses every later one until the server starts again. */
async function brokenStream(port: number): Promise<string | null> {
  const health = await fetch(`http://127.0.0.1:${port}/healthz`, {
    signal: AbortSignal.timeout(1_500),
  });
  const text = await health.text();
  return !health.ok && text.includes('JetStream') ? text.slice(0, 200) : null;
}

/** NATS' configuration language takes JSON for values. */
const quote = (value: unknown): string => JSON.stringify(value);

function configuration({ data, run, port, monitorPort, operator }: NatsOptions): string {
  return `# Written at every start of the local stack; accounts and rights are those of deploy/stack/nats-operator.ts.
server_name: local
listen: "127.0.0.1:${port()}"
http: "127.0.0.1:${monitorPort()}"
pid_file: ${quote(join(run, 'nats-server.pid'))}
# Member chunks pass 1 MiB (docs/routing.md).
max_payload: 8MB
jetstream {
  store_dir: ${quote(data)}
  # A stream's max_bytes is reserved at once: the limit must cover them all, whatever the disk holds.
  max_file_store: 256GB
  max_memory_store: 1GB
}
resolver: { type: full, dir: ${quote(join(data, 'accounts'))}, allow_delete: true }
${operator.configuration.join('\n')}
`;
}
