/** nats-server of the local stack: JetStream in a control account, every process with a user of its own, every sandbox with an account. */
import { join } from 'node:path';
import { closeNats, openNats } from '../../../platform/nats.js';
import { writePrivateFile } from '../../../platform/private-file.js';
import { BINARIES } from '../binaries.js';
import { makeDirectory } from '../home.js';
import { findBinary } from '../install/binary.js';
import { CREDENTIAL_FILE_USERS, credentialsFileName, natsOperator } from '../nats-operator.js';
import type { ServerContext } from '../server-context.js';
import { SERVER_DEFAULTS, type Service } from '../service.js';

export async function natsService(context: ServerContext): Promise<Service> {
  const { ports, data, env, paths, search } = context;
  const { path } = await findBinary(BINARIES.nats, search);
  const operator = natsOperator(context.credentials.nats.operator);
  const address = (): string => `127.0.0.1:${ports.of('nats')}`;
  const monitor = (): string => `127.0.0.1:${ports.of('natsMonitor')}`;
  const config = join(paths.run, 'nats-server.conf');

  /** Null once every stream has been recovered, else why it is not. */
  const trouble = async (): Promise<string | null> => {
    const signal = AbortSignal.timeout(1_500);
    const health = await fetch(`http://${monitor()}/healthz`, { signal });
    const text = (await health.text()).slice(0, 200);
    return health.ok ? null : text;
  };

  return {
    ...SERVER_DEFAULTS,
    name: 'nats',
    address,
    async launch() {
      await makeDirectory(data, 0o700);
      const text = `# Written at every start of the local stack; accounts and rights are those of deploy/stack/nats-operator.ts.
server_name: local
listen: "${address()}"
http: "${monitor()}"
pid_file: ${JSON.stringify(join(paths.run, 'nats-server.pid'))}
# Member chunks pass 1 MiB (docs/routing.md).
max_payload: 8MB
jetstream {
  store_dir: ${JSON.stringify(data)}
  # A stream's max_bytes is reserved at once: the limit must cover them all, whatever the disk holds.
  max_file_store: 256GB
  max_memory_store: 1GB
}
resolver: { type: full, dir: ${JSON.stringify(join(data, 'accounts'))}, allow_delete: true }
${operator.configuration.join('\n')}
`;
      await writePrivateFile(config, text);
      for (const user of CREDENTIAL_FILE_USERS)
        await writePrivateFile(
          join(paths.run, credentialsFileName(user)),
          operator.credentialFiles[user],
        );
      return { command: path, args: ['--config', config], env };
    },
    async probe() {
      const reason = await trouble();
      if (reason !== null) throw new Error(`not healthy yet: ${reason}`);
      // As the administrator, so that another stack's server on this port is not taken for ours.
      const nc = await openNats(`nats://admin:${operator.tokens.admin}@${address()}`, 'bd dev');
      try {
        await nc.request('$JS.API.INFO', undefined, { timeout: 1_500 });
      } finally {
        await closeNats(nc);
      }
    },
    // A stream whose write failed once (the disk was full) refuses every later one until the server starts again.
    async needsRestart() {
      const reason = await trouble();
      return reason?.includes('JetStream') === true ? reason : null;
    },
  };
}
