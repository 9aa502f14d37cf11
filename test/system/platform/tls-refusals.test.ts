/** A server with a refused certificate: every client names the server, the reason and a remedy. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { openContext } from '../../../context/index.js';
import { openNats } from '../../../platform/nats.js';
import { closePostgres, openPostgres, asPostgresError } from '../../../platform/postgres.js';
import { projectRoot } from '../../../platform/project-root.js';
import { closeRedis, openRedis } from '../../../platform/redis.js';
import { openTemporal } from '../../../platform/temporal.js';
import { bd } from '../../support/bd.js';
import { makeAuthority, makeSelfSigned, type Issued } from '../../support/certificates.js';
import { stackState, until } from '../../support/stack.js';
import { startTlsFront, type Protocol } from '../../support/tls-front.js';

const authority = makeAuthority('the authority');
const directory = mkdtempSync(join(tmpdir(), 'tls-refusals-'));
const ca = join(directory, 'ca.pem');
writeFileSync(ca, authority.certificate);
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

const trusted = authority.issue('the server', { host: 'localhost' });
/** Each certificate with the words that the error must contain. */
const REFUSED: readonly (readonly [string, Issued, RegExp])[] = [
  ['self-signed', makeSelfSigned('localhost'), /self-signed/],
  [
    'of an authority that is not trusted',
    makeAuthority('another').issue('the server', { host: 'localhost' }),
    /not trusted here/,
  ],
];
/** These errors occur only if the authority is trusted. */
const REFUSED_THOUGH_TRUSTED: typeof REFUSED = [
  [
    'for another name',
    authority.issue('the server', { host: 'elsewhere.test' }),
    /for another name/,
  ],
  ['expired', authority.issue('the server', { host: 'localhost', daysValid: -1 }), /has expired/],
];

const NAMES = { postgres: 'Postgres', redis: 'Redis', nats: 'NATS', temporal: 'Temporal' };
const REMEDIES = {
  postgres: /sslrootcert/,
  redis: /NODE_EXTRA_CA_CERTS/,
  nats: /NODE_EXTRA_CA_CERTS/,
  temporal: /TEMPORAL_TLS_SERVER_CA_CERT_PATH/,
};

async function frontOf(protocol: Protocol, issued: Issued, target?: number): Promise<number> {
  const front = await startTlsFront(protocol, issued, target);
  onTestFinished(() => front.close());
  return front.port;
}

const urlOf = (protocol: Protocol, port: number, more = ''): string =>
  ({
    postgres: `postgres://u:p@localhost:${port}/x?sslmode=verify-full${more}`,
    redis: `rediss://u:p@localhost:${port}`,
    nats: `tls://u:p@localhost:${port}`,
    temporal: `localhost:${port}`,
  })[protocol];

/** The error of our opener of this server. */
async function open(protocol: Protocol, url: string): Promise<unknown> {
  if (protocol === 'redis') return openRedis(url, 'test');
  if (protocol === 'nats') return openNats(url, 'test');
  if (protocol === 'temporal') return openTemporal(url, 'default', { TEMPORAL_TLS: 'true' });
  const sql = openPostgres(url, { name: 'test', max: 1 });
  try {
    return await sql`SELECT 1`;
  } catch (error) {
    throw asPostgresError(error);
  } finally {
    await closePostgres(sql);
  }
}

const PROTOCOLS = ['postgres', 'redis', 'nats', 'temporal'] as const;

describe.each(PROTOCOLS)('a %s whose certificate is', (protocol) => {
  it.each(REFUSED)('%s is named, with the reason and the remedy', async (_what, issued, reason) => {
    const port = await frontOf(protocol, issued);
    await expect(open(protocol, urlOf(protocol, port))).rejects.toMatchObject({
      code: 'SANDBOX_009',
      message: expect.stringMatching(
        new RegExp(`${NAMES[protocol]} is unreachable: .*${reason.source}`),
      ) as string,
      hint: expect.stringMatching(REMEDIES[protocol]) as string,
      details: { dependency: protocol },
    });
  });
});

describe('a Postgres', () => {
  it.each(REFUSED_THOUGH_TRUSTED)(
    'with a certificate that is %s is refused',
    async (_w, issued, why) => {
      const port = await frontOf('postgres', issued);
      const url = urlOf('postgres', port, `&sslrootcert=${encodeURIComponent(ca)}`);
      await expect(open('postgres', url)).rejects.toMatchObject({
        ...{ code: 'SANDBOX_009', message: expect.stringMatching(why) as string },
      });
    },
  );

  it.each([
    ['disable', false],
    ['allow', true],
    ['prefer', true],
    ['require', true],
    ['no-verify', true],
  ])('with sslmode=%s is reached, whatever its certificate', async (mode, encrypted) => {
    const { port, href } = new URL(stackState().urls.admin.database);
    const front = await frontOf('postgres', makeSelfSigned('elsewhere.test'), Number(port));
    const url = `${href.replace(`:${port}/`, `:${encrypted ? front : port}/`)}?sslmode=${mode}`;
    expect(await open('postgres', url)).toHaveLength(1);
    // A server without TLS.
    const plain = open('postgres', `${href}?sslmode=${mode}`);
    if (mode === 'require' || mode === 'no-verify')
      await expect(plain).rejects.toMatchObject({
        ...{ code: 'SANDBOX_009', message: expect.stringMatching(/offers no TLS/) as string },
      });
    else expect(await plain).toHaveLength(1);
  });

  it.each([
    ['verify-full', 'localhost', 'localhost', true],
    ['verify-full', 'localhost', '127.0.0.1', true],
    ['verify-full', 'elsewhere.test', 'localhost', false],
    ['verify-ca', 'elsewhere.test', 'localhost', true],
    ['require', 'elsewhere.test', 'localhost', true],
  ])('with %s and a certificate for %s at %s', async (mode, name, host, reached) => {
    const { port, href } = new URL(stackState().urls.admin.database);
    const issued = authority.issue('the server', { host: name });
    const front = await frontOf('postgres', issued, Number(port));
    const address = href.replace(`127.0.0.1:${port}/`, `${host}:${front}/`);
    const url = `${address}?sslmode=${mode}&sslrootcert=${encodeURIComponent(ca)}&channel_binding=require`;
    if (reached) expect(await open('postgres', url)).toHaveLength(1);
    else await expect(open('postgres', url)).rejects.toMatchObject({ code: 'SANDBOX_009' });
    const stranger = url.replace(encodeURIComponent(ca), 'system');
    if (mode === 'verify-full')
      await expect(open('postgres', stranger)).rejects.toMatchObject({ code: 'SANDBOX_009' });
  });

  it('names the file of sslrootcert if it does not exist', async () => {
    await expect(
      open('postgres', 'postgres://localhost/x?sslmode=verify-full&sslrootcert=/no/such.pem'),
    ).rejects.toMatchObject({
      ...{ code: 'SANDBOX_008', message: expect.stringMatching(/sslrootcert.*ENOENT/) as string },
    });
  });
});

it('a NATS without TLS gets no password if tls:// was asked for', async () => {
  const url = stackState().urls.admin.nats.replace('nats://', 'tls://');
  await expect(openNats(url, 'test')).rejects.toMatchObject({
    ...{ code: 'SANDBOX_009', message: expect.stringMatching(/offers no TLS/) as string },
  });
});

it('a Redis is reached through TLS with an authority trusted by NODE_EXTRA_CA_CERTS', async () => {
  const url = new URL(stackState().urls.worker.redis);
  const front = await frontOf('redis', trusted, Number(url.port));
  const secure = `rediss://${url.username}:${url.password}@localhost:${front}`;
  await expect(openRedis(secure, 'test').then(closeRedis)).rejects.toMatchObject({
    code: 'SANDBOX_009',
  });
  const { code, stdout, stderr } = await bd(['doctor', '--json'], {
    ...{ SANDBOX_CONTROL_REDIS_URL: secure, NODE_EXTRA_CA_CERTS: ca },
  });
  expect(`${stdout}${stderr}${code}`).toMatch(/redis[\s\S]*answers in/);
});

describe('the error is shown by', () => {
  it('`bd sandbox list`, of Postgres', async () => {
    const port = await frontOf('postgres', makeSelfSigned('localhost'));
    const { code, stdout, stderr } = await bd(['sandbox', 'list'], {
      SANDBOX_CONTROL_DATABASE_URL: urlOf('postgres', port),
    });
    expect([code, stdout]).toEqual([7, '']);
    expect(stderr).toMatch(/SANDBOX_009.*Postgres.*self-signed/);
    expect(stderr).toMatch(/sslrootcert/);
  });

  it('`bd migrate`, of Postgres', async () => {
    const port = await frontOf('postgres', makeSelfSigned('localhost'));
    const { code, stderr } = await bd(['migrate'], {
      SANDBOX_CONTROL_DATABASE_URL: urlOf('postgres', port),
    });
    expect(code).toBe(7);
    expect(stderr).toMatch(/SANDBOX_009.*Postgres.*self-signed/);
  });

  it('`bd sandbox create`, of Temporal', async () => {
    const port = await frontOf('temporal', makeSelfSigned('localhost'));
    const { code, stderr } = await bd(['sandbox', 'create', 'tls-refused'], {
      ...{ TEMPORAL_ADDRESS: urlOf('temporal', port), TEMPORAL_TLS: 'true' },
    });
    expect(code).toBe(7);
    expect(stderr).toMatch(/SANDBOX_009.*Temporal.*self-signed/);
    expect(stderr).toMatch(/TEMPORAL_TLS_SERVER_CA_CERT_PATH/);
  });

  it('openContext, of all three', async () => {
    const { admin } = stackState().urls;
    const env = { DATABASE_URL: admin.database, REDIS_URL: admin.redis, NATS_URL: admin.nats };
    const variable = { postgres: 'DATABASE_URL', redis: 'REDIS_URL', nats: 'NATS_URL' } as const;
    for (const protocol of ['postgres', 'redis', 'nats'] as const) {
      const port = await frontOf(protocol, makeSelfSigned('localhost'));
      const opening = openContext(
        { ...env, [variable[protocol]]: urlOf(protocol, port) },
        { production: true },
      );
      await expect(opening).rejects.toMatchObject({
        ...{ code: 'SANDBOX_009', hint: expect.stringMatching(REMEDIES[protocol]) as string },
        message: expect.stringMatching(/self-signed/) as string,
      });
    }
  });

  it.each([
    ['worker', 'postgres'],
    ['worker', 'redis'],
    ['worker', 'nats'],
    ['worker', 'temporal'],
    ['router', 'nats'],
    ['router', 'postgres'],
    ['router', 'redis'],
  ] as const)('`bd %s`, which waits for %s', async (service, protocol) => {
    const port = await frontOf(protocol, makeSelfSigned('localhost'));
    const { urls, temporal } = stackState();
    const own = urls[service];
    const addresses = {
      ...own,
      [protocol === 'postgres' ? 'database' : protocol]: urlOf(protocol, port),
    };
    const child = spawn(process.execPath, [join(projectRoot(), 'dist/cli/main.js'), service], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        PATH: process.env.PATH,
        SANDBOX_HOME: directory,
        SANDBOX_MASTER_SECRET: 'x'.repeat(32),
        SANDBOX_CONTROL_DATABASE_URL: addresses.database,
        SANDBOX_CONTROL_REDIS_URL: addresses.redis,
        SANDBOX_CONTROL_NATS_URL: addresses.nats,
        TEMPORAL_ADDRESS: protocol === 'temporal' ? urlOf('temporal', port) : temporal.address,
        ...(protocol === 'temporal' ? { TEMPORAL_TLS: 'true' } : {}),
        // This worker must not poll the run's task queue.
        SANDBOX_TASK_QUEUE: 'tls-refusals',
      },
    });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    let told = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (told += text));
    await until(`${service} tells why`, () =>
      Promise.resolve(told.includes('self-signed') || told.includes('not trusted here')),
    ).catch((error: unknown) => {
      throw new Error(told, { cause: error });
    });
    expect(told).toMatch(REMEDIES[protocol]);
    expect(told).not.toMatch(/"p@|:p@/);
  });
});
