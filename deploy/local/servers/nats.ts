/** nats-server of the local stack: JetStream in a control account, every process with a user of its own. */
import { join } from 'node:path';
import { connect } from 'nats';
import { makeDirectory, writePrivateFile } from '../home.js';
import { CONTROL_USERS, type NatsPermissions } from '../nats-permissions.js';
import type { Credentials } from '../secrets.js';
import type { Launch, Service } from '../service.js';

export interface NatsOptions {
  readonly binary: string;
  readonly data: string;
  readonly run: string;
  readonly port: () => number;
  readonly monitorPort: () => number;
  readonly credentials: Credentials['nats'];
  readonly env: Readonly<Record<string, string>>;
}

export function natsService(options: NatsOptions): Service {
  const { binary, data, run, port, monitorPort, credentials } = options;
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
      return { command: binary, args: ['--config', configPath], env: options.env };
    },
    async probe() {
      // Says ok once every stream has been recovered.
      const health = await fetch(`http://127.0.0.1:${monitorPort()}/healthz`, {
        signal: AbortSignal.timeout(1_500),
      });
      if (!health.ok) throw new Error(`not healthy yet: ${(await health.text()).slice(0, 200)}`);
      await health.body?.cancel();
      await askJetStream(port(), credentials.admin);
    },
  };
}

/** As the administrator, so that another stack's server on this port is not taken for ours. */
async function askJetStream(port: number, pass: string): Promise<void> {
  const nc = await connect({
    servers: `127.0.0.1:${port}`,
    user: 'admin',
    pass,
    name: 'bd dev',
    timeout: 1_500,
    reconnect: false,
  });
  try {
    await nc.request('$JS.API.INFO', undefined, { timeout: 1_500 });
  } finally {
    await nc.close();
  }
}

/** NATS' configuration language takes JSON for values. */
const quote = (value: unknown): string => JSON.stringify(value);

function user(name: string, password: string, permissions?: NatsPermissions): string {
  const rights = permissions === undefined ? '' : `, permissions: ${quote(permissions)}`;
  return `{ user: ${quote(name)}, password: ${quote(password)}${rights} }`;
}

function configuration(options: NatsOptions): string {
  const { data, run, port, monitorPort, credentials } = options;
  const { admin, sys, ...others } = credentials;
  const users = Object.entries(others).map(([name, password]) =>
    user(name, password, CONTROL_USERS[name]),
  );
  return `# Written at every start of the local stack; the rights are those of deploy/local/nats-permissions.ts.
server_name: local
listen: "127.0.0.1:${port()}"
http: "127.0.0.1:${monitorPort()}"
pid_file: ${quote(join(run, 'nats-server.pid'))}
# Member chunks pass 1 MiB (routing.md).
max_payload: 8MB
jetstream {
  store_dir: ${quote(data)}
  # A stream's max_bytes is reserved at once: the limit must cover them all, whatever the disk holds.
  max_file_store: 256GB
  max_memory_store: 1GB
}
accounts {
  CONTROL {
    jetstream: enabled
    users: [
      ${[user('admin', admin), ...users].join('\n      ')}
    ]
  }
  SYS { users: [ ${user('sys', sys)} ] }
}
system_account: SYS
`;
}
