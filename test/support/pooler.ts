/**
 * A real PgBouncer in transaction mode in front of the run's Postgres. Roles log in with their own
 * passwords.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { delay } from '../../platform/deadline.js';

export interface Pooler {
  readonly port: number;
  close(): Promise<void>;
}

const program = (): string => {
  const found = spawnSync('sh', ['-c', 'PATH="$PATH:/usr/sbin" command -v pgbouncer'], {
    encoding: 'utf8',
  }).stdout.trim();
  if (found === '')
    throw new Error('this test needs pgbouncer (Debian: apt-get install pgbouncer)');
  return found;
};

export async function startPooler(
  target: number,
  users: Readonly<Record<string, string>>,
): Promise<Pooler> {
  const directory = mkdtempSync(join(tmpdir(), 'pooler-'));
  chmodSync(directory, 0o755);
  const port = await freePort();
  const list = Object.entries(users).map(([user, password]) => `"${user}" "${password}"`);
  writeFileSync(join(directory, 'users'), `${list.join('\n')}\n`, { mode: 0o644 });
  const settings = {
    ...{ listen_addr: '127.0.0.1', listen_port: port, unix_socket_dir: '' },
    ...{ auth_type: 'scram-sha-256', auth_file: join(directory, 'users') },
    // Few sessions for many clients, so that each transaction of a client gets another session.
    ...{ pool_mode: 'transaction', default_pool_size: 3, max_client_conn: 200 },
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const config = join(directory, 'pgbouncer.ini');
  writeFileSync(
    config,
    `[databases]\n* = host=127.0.0.1 port=${target}\n[pgbouncer]\n${lines.join('\n')}\n`,
  );
  // PgBouncer refuses to run as root.
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn(program(), [...user, config], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  await listening(port);
  return {
    port,
    async close() {
      child.kill('SIGKILL');
      await exited;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const socket = connect(port, '127.0.0.1');
    const answer = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (answer) return;
    await delay(50);
  }
  throw new Error('pgbouncer does not listen');
}
