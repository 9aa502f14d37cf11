import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_PRODUCTION_SUBJECTS } from '../../../domain/routing-settings.js';
import { ROUTER_BUCKET_STREAM } from '../../../routing/members.js';
import { routedSubjects } from '../../../routing/subjects.js';
import { streamConfigs } from '../../../routing/streams.js';
import { makeAuthority } from '../../support/certificates.js';
import { NOTHING_WRONG } from './checker.js';
import { drained, Flood, verdict } from './flood.js';
import { RouterProcess } from './router-process.js';
import { freePort, natsBinary, ServerProcess, startServers, type Servers } from './servers.js';

const authority = makeAuthority('the authority');

/**
 * Files for nats-server and a router: the server's certificate and key for localhost, and its
 * authority.
 */
function certificateFiles(directory: string): { key: string; cert: string; ca: string } {
  const { certificate, key } = authority.issue('the server', { host: 'localhost' });
  const files = { key, cert: certificate, ca: authority.certificate };
  const written = Object.entries(files).map(([name, text]) => {
    const path = join(directory, `${name}.pem`);
    writeFileSync(path, text, { mode: 0o600 });
    return [name, path];
  });
  return Object.fromEntries(written) as typeof files;
}

describe('over TLS, with user and password', () => {
  let servers: Servers;
  let nats: ServerProcess;
  let url: string;
  let ca: string;
  /** Characters that a URL has to escape. */
  const pass = 'p@ss:/wörd';

  beforeAll(async () => {
    servers = await startServers();
    const directory = join(servers.directory, 'tls');
    mkdirSync(directory);
    const files = certificateFiles(directory);
    ca = files.ca;
    const port = await freePort();
    url = `tls://bot:${encodeURIComponent(pass)}@localhost:${port}`;
    const config = join(directory, 'nats.conf');
    writeFileSync(
      config,
      [
        `listen: "127.0.0.1:${port}"`,
        `jetstream { store_dir: "${join(directory, 'js')}" }`,
        `tls { cert_file: "${files.cert}", key_file: "${files.key}" }`,
        `authorization { user: "bot", password: ${JSON.stringify(pass)} }`,
      ].join('\n'),
    );
    const binary = await natsBinary();
    const client = (): ReturnType<typeof connect> =>
      connect({
        servers: `localhost:${port}`,
        user: 'bot',
        pass,
        tls: { ca: authority.certificate },
      });
    nats = new ServerProcess(
      () => spawn(binary, ['-c', config], { stdio: 'ignore' }),
      async () => {
        await (await client()).close();
      },
    );
    await nats.start();
    const nc = await client();
    const jsm = await nc.jetstreamManager();
    for (const stream of streamConfigs({
      routedSubjects: routedSubjects(DEFAULT_PRODUCTION_SUBJECTS),
      maxPayload: 1_048_576,
    })) {
      await jsm.streams.add(stream);
    }
    await jsm.streams.add({
      name: ROUTER_BUCKET_STREAM,
      subjects: ['$KV.ROUTERS.>'],
      max_msgs_per_subject: 1,
    });
    await nc.close();
  });
  afterAll(async () => {
    await nats.end();
    await servers.close();
  });

  it.each(['fast', 'plain'])('the %s form routes, and reconnects after a restart', async (form) => {
    const nc = await connect({
      servers: new URL(url).host,
      user: 'bot',
      pass,
      tls: { ca: authority.certificate },
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
    });
    const jsm = await nc.jetstreamManager();
    for (const name of ['DLQ', 'ROUTED', 'RAW', ROUTER_BUCKET_STREAM]) {
      const { config } = await jsm.streams.info(name);
      await jsm.streams.delete(name);
      await jsm.streams.add(config);
    }
    const router = await RouterProcess.start(
      { ...servers, natsUrl: url },
      { NODE_EXTRA_CA_CERTS: ca, SANDBOX_ROUTER_FORM: form },
    );
    const flood = new Flood(nc);
    const plan = { guildId: null, type: 'A', allowed: ['events.A'] };
    const flooding = flood.run(4_000, 2_000, () => plan);
    await new Promise((resolve) => setTimeout(resolve, 700));
    await nats.restart();
    await flooding;
    await drained(nc);
    expect(await verdict(nc, flood)).toEqual(NOTHING_WRONG);
    expect(await router.end('SIGTERM')).toBe(0);
    await nc.close();
  });
});
