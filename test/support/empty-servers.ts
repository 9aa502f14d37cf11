/**
 * Four servers that have never seen the product, each behind TLS but Temporal (its development server has none), as a team
 * has them before `bd setup`. They end with the test.
 */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { BINARIES } from '../../deploy/stack/binaries.js';
import { delay } from '../../platform/deadline.js';
import { closePostgres, openPostgres } from '../../platform/postgres.js';
import {
  binary,
  freePort,
  probeRedis,
  ServerProcess,
  startPostgres,
} from '../system/router/servers.js';
import { makeAuthority } from './certificates.js';
import { startOwnTemporal } from './own-temporal.js';
import { startTlsFront, type Protocol } from './tls-front.js';

export interface EmptyServers {
  /** As `bd setup` takes them: without logins, over TLS. */
  readonly addresses: Readonly<Record<'database' | 'redis' | 'nats' | 'temporal', string>>;
  /** The address of the database's owner. */
  readonly ownerUrl: string;
  /** What a client needs to trust the servers. */
  readonly trust: Readonly<Record<string, string>>;
  /** Starts NATS and Redis with the files of `folder`, or loads the changed files. Data stays, unless `empty`. */
  load(folder: string, options?: { readonly empty?: boolean }): Promise<void>;
}

const PASSWORD = 'the-owners-password';

export async function startEmptyServers(): Promise<EmptyServers> {
  const directory = mkdtempSync(join(tmpdir(), 'sandbox-empty-'));
  chmodSync(directory, 0o755);
  const authority = makeAuthority('the team');
  const ca = join(directory, 'ca.pem');
  writeFileSync(ca, authority.certificate);
  const [natsPort, redisPort] = [await freePort(), await freePort()];
  const [postgres, temporal] = await Promise.all([ownedPostgres(directory), startOwnTemporal()]);
  const front = async (protocol: Protocol, target: number): Promise<number> => {
    const issued = authority.issue(protocol, { host: 'localhost' });
    const started = await startTlsFront(protocol, issued, target);
    onTestFinished(() => started.close());
    return started.port;
  };
  const [database, redis] = await Promise.all([
    front('postgres', postgres.port),
    front('redis', redisPort),
  ]);
  const [certificate, key] = [join(directory, 'nats.pem'), join(directory, 'nats.key')];
  const issued = authority.issue('nats', { host: 'localhost' });
  writeFileSync(certificate, issued.certificate);
  writeFileSync(key, issued.key);
  const [natsProgram, redisProgram] = [await binary(BINARIES.nats), await binary(BINARIES.redis)];
  const running: ServerProcess[] = [];
  const endThem = (): Promise<unknown> => Promise.all(running.splice(0).map((one) => one.end()));
  onTestFinished(async () => {
    await Promise.all([endThem(), postgres.process.end(), temporal.close()]);
    rmSync(directory, { recursive: true, force: true });
  });
  const tls = `sslmode=verify-full&sslrootcert=${encodeURIComponent(ca)}`;
  const databaseUrl = `postgres://127.0.0.1:${database}/postgres?${tls}`;
  return {
    addresses: {
      database: databaseUrl,
      redis: `rediss://127.0.0.1:${redis}`,
      nats: `tls://127.0.0.1:${natsPort}`,
      temporal: temporal.address,
    },
    ownerUrl: databaseUrl.replace('//', `//postgres:${PASSWORD}@`),
    trust: { NODE_EXTRA_CA_CERTS: ca },
    async load(folder, { empty = false } = {}) {
      await endThem();
      const [natsData, redisData] = ['nats', 'redis'].map((name) => join(directory, name));
      for (const data of [natsData, redisData])
        if (empty) rmSync(data ?? '', { recursive: true, force: true });
      const configuration = join(directory, 'nats.conf');
      writeFileSync(
        configuration,
        `listen: "127.0.0.1:${natsPort}"
tls { cert_file: "${certificate}", key_file: "${key}" }
max_payload: 8MB
jetstream { store_dir: "${natsData}", max_file_store: 256GB, max_memory_store: 1GB }
resolver: { type: full, dir: "${natsData}/accounts", allow_delete: true }
${readFileSync(join(folder, 'nats-accounts.conf'), 'utf8')}`,
      );
      const acl = join(directory, 'users.acl');
      // Redis itself writes sandboxes' users into the file.
      if (empty || !existsSync(acl)) writeFileSync(acl, readFileSync(join(folder, 'users.acl')));
      rmSync(join(directory, 'redis'), { recursive: true, force: true });
      running.push(
        new ServerProcess(
          () => spawn(natsProgram, ['-c', configuration], { stdio: 'ignore' }),
          // Accepting is enough: the caller has the only logins.
          () => delay(300),
        ),
        new ServerProcess(
          () =>
            spawn(
              redisProgram,
              [
                ...['--port', String(redisPort), '--bind', '127.0.0.1', '--save', ''],
                ...['--dir', directory, '--aclfile', acl],
              ],
              { stdio: 'ignore' },
            ),
          () => probeRedis(redisUrlOf(folder, redisPort)),
        ),
      );
      await Promise.all(running.map((one) => one.start()));
    },
  };
}

/** Of the administrator, past TLS. */
function redisUrlOf(folder: string, port: number): string {
  const [, password = ''] =
    /^SANDBOX_CONTROL_REDIS_URL=rediss:\/\/admin:([^@]+)@/m.exec(
      readFileSync(join(folder, 'admin.env'), 'utf8'),
    ) ?? [];
  return `redis://admin:${password}@127.0.0.1:${port}`;
}

/** Its owner needs a password, as everybody else. */
async function ownedPostgres(directory: string) {
  const { process, url } = await startPostgres(directory);
  const sql = openPostgres(url, { name: 'test', max: 1 });
  try {
    await sql.unsafe(`ALTER ROLE postgres PASSWORD '${PASSWORD}'`);
    const path = join(directory, 'postgres/data/pg_hba.conf');
    writeFileSync(path, 'host all all 127.0.0.1/32 scram-sha-256\n');
    await sql`SELECT pg_reload_conf()`;
  } finally {
    await closePostgres(sql);
  }
  return { process, port: Number(new URL(url).port) };
}
