/**
 * Changes by an operator on nats-server while the router runs: users that are refused for a while,
 * a lower max_payload.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'nats';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_PRODUCTION_SUBJECTS, ROUTER_FORMS } from '../../../domain/routing-settings.js';
import { ROUTER_BUCKET_STREAM } from '../../../routing/members.js';
import { routedSubjects, STREAMS } from '../../../routing/subjects.js';
import { delay } from '../../../platform/deadline.js';
import { closeNats, openNats, type NatsConnection } from '../../../platform/nats.js';
import { streamConfigs } from '../../../routing/streams.js';
import { NOTHING_WRONG } from './checker.js';
import { drained, Flood, readRouted, verdict } from './flood.js';
import { RouterProcess } from './router-process.js';
import { freePort, natsBinary, ServerProcess, startServers, type Servers } from './servers.js';

const TYPE = 'A';
const PLAN = { guildId: null, type: TYPE, allowed: [`events.${TYPE}`] };
const MIB = 1_048_576;
/** More than a pull requests at once. */
const LARGE = 5 * MIB;

describe('nats-server changes under a running router', () => {
  let servers: Servers;
  let nats: ServerProcess;
  let url: string;
  let config: string;
  let port: number;
  let nc: NatsConnection;
  let flood: Flood;
  let router: RouterProcess;

  /** Writes the operator's configuration. A restart or reload makes it effective. */
  function configure({ password = 'right', maxPayload = 8 * MIB } = {}): void {
    writeFileSync(
      config,
      [
        `listen: "127.0.0.1:${port}"`,
        `max_payload: ${maxPayload}`,
        `jetstream { store_dir: "${join(servers.directory, 'changes', 'js')}" }`,
        `authorization { users: [ { user: "bot", password: "${password}" }, { user: "test", password: "t" } ] }`,
      ].join('\n'),
    );
  }

  beforeAll(async () => {
    servers = await startServers();
    const directory = join(servers.directory, 'changes');
    mkdirSync(directory);
    port = await freePort();
    config = join(directory, 'nats.conf');
    url = `nats://bot:right@127.0.0.1:${port}`;
    configure();
    const binary = await natsBinary();
    nats = new ServerProcess(
      () => spawn(binary, ['-c', config], { stdio: 'ignore' }),
      async () => {
        await (await connect({ servers: `127.0.0.1:${port}`, user: 'test', pass: 't' })).close();
      },
    );
    await nats.start();
  });
  afterAll(async () => {
    await nats.end();
    await servers.close();
  });
  beforeEach(async () => {
    configure();
    await nats.restart();
    nc = await openNats(`nats://test:t@127.0.0.1:${port}`, 'test');
    const jsm = await nc.jetstreamManager();
    for await (const { config: stream } of jsm.streams.list())
      await jsm.streams.delete(stream.name);
    const subjects = routedSubjects(DEFAULT_PRODUCTION_SUBJECTS);
    for (const stream of streamConfigs({ routedSubjects: subjects, maxPayload: 8 * MIB }))
      await jsm.streams.add(stream);
    await jsm.streams.add({
      name: ROUTER_BUCKET_STREAM,
      subjects: ['$KV.ROUTERS.>'],
      max_msgs_per_subject: 1,
    });
    flood = new Flood(nc);
  });
  afterEach(async () => {
    await router.end('SIGKILL');
    await closeNats(nc);
  });
  const start = async (form: string): Promise<void> => {
    router = await RouterProcess.start({ ...servers, natsUrl: url }, { SANDBOX_ROUTER_FORM: form });
  };

  it.each(ROUTER_FORMS)(
    'the %s form returns when its user, refused many times, is accepted again',
    async (form) => {
      await start(form);
      await flood.run(200, 2_000, () => PLAN);
      configure({ password: 'another' });
      await nats.restart();
      // Each refusal counts: the client's default gives up at the second one.
      await delay(2_000);
      await flood.run(200, 2_000, () => PLAN);
      configure();
      await nats.restart();
      await flood.run(200, 2_000, () => PLAN);
      await drained(nc);
      expect(await verdict(nc, flood)).toEqual(NOTHING_WRONG);
    },
  );

  it.each(ROUTER_FORMS)(
    'the %s form passes an event that is too large for a lowered max_payload: the DLQ names its sequence, and its neighbours are routed',
    async (form) => {
      await start(form);
      flood.publish(PLAN);
      await flood.quiet();
      await drained(nc);
      router.signal('SIGSTOP');
      flood.publish(PLAN);
      const { seq } = await nc
        .jetstream()
        .publish(`events.raw.${TYPE}`, JSON.stringify({ t: TYPE, d: {}, s: 'x'.repeat(LARGE) }));
      flood.publish(PLAN);
      await flood.quiet();
      configure({ maxPayload: MIB / 4 });
      nats.signal('SIGHUP');
      await delay(300);
      router.signal('SIGCONT');
      await drained(nc);
      const stored = await readRouted(nc);
      const dead = stored.filter(({ subject }) => subject === 'dlq.oversize');
      expect(dead).toHaveLength(1);
      expect(dead[0]?.payload).toHaveLength(0);
      expect(dead[0]?.headers.join('\n')).toMatch(
        new RegExp(`Dlq-Reason: .*RAW has it at ${seq}\nDlq-Subject: events.raw.${TYPE}`),
      );
      expect(stored.filter(({ subject }) => subject === `events.${TYPE}`)).toHaveLength(3);
      const jsm = await nc.jetstreamManager();
      expect((await jsm.streams.getMessage(STREAMS.raw, { seq })).data).toHaveLength(
        JSON.stringify({ t: TYPE, d: {}, s: '' }).length + LARGE,
      );
    },
  );
});
