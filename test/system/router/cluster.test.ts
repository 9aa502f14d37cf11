import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_PRODUCTION_SUBJECTS } from '../../../domain/routing-settings.js';
import { ROUTER_BUCKET_STREAM } from '../../../routing/members.js';
import { routedSubjects, STREAMS } from '../../../routing/subjects.js';
import { migrateNats } from '../../../migrate/nats.js';
import { delay } from '../../../platform/deadline.js';
import { streamConfigs } from '../../../routing/streams.js';
import { NOTHING_WRONG } from './checker.js';
import { drained, Flood, verdict } from './flood.js';
import { routerInProcess } from './in-process.js';
import { freePort, natsBinary, startServers, type Servers } from './servers.js';
import { setRoute } from './routes.js';
import { guild, sandbox } from '../../support/ids.js';
import { inTurn } from './world.js';
import { closePostgres, openPostgres } from '../../../platform/postgres.js';

class Node {
  #child: ChildProcess | undefined;
  constructor(
    private readonly binary: string,
    private readonly args: readonly string[],
  ) {}
  start(): void {
    this.#child = spawn(this.binary, this.args, { stdio: 'ignore' });
  }
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
}

describe('a cluster of three', () => {
  const directory = mkdtempSync(join(tmpdir(), 'router-cluster-'));
  const nodes: Node[] = [];
  const urls: string[] = [];
  let servers: Servers;
  let nc: NatsConnection;

  beforeAll(async () => {
    servers = await startServers();
    const binary = await natsBinary();
    const ports = await Promise.all(Array.from({ length: 6 }, freePort));
    const routes = ports.slice(3).map((port) => `nats://127.0.0.1:${port}`);
    for (const i of [0, 1, 2]) {
      const [client, cluster] = [ports[i] ?? 0, ports[i + 3] ?? 0];
      urls.push(`nats://127.0.0.1:${client}`);
      const own = ['-js', '-a', '127.0.0.1', '-p', String(client), '-n', `n${i}`];
      const shared = ['--cluster_name', 'c', '--cluster', `nats://127.0.0.1:${cluster}`];
      nodes.push(
        new Node(binary, [
          ...own,
          ...['-sd', join(directory, String(i)), ...shared, '--routes', routes.join(',')],
        ]),
      );
    }
    for (const node of nodes) node.start();
    await delay(1_000);
    nc = await connect({ servers: urls, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
    const jsm = await nc.jetstreamManager({ timeout: 10_000 });
    const wanted = streamConfigs({
      routedSubjects: routedSubjects(DEFAULT_PRODUCTION_SUBJECTS),
      maxPayload: 1_048_576,
    });
    const bucket = { name: ROUTER_BUCKET_STREAM, subjects: ['$KV.ROUTERS.>'] };
    const kv = { ...bucket, max_msgs_per_subject: 1, allow_rollup_hdrs: true };
    for (const definition of [...wanted, kv]) {
      const config = { ...definition, num_replicas: 3 };
      for (let attempt = 1; ; attempt++) {
        try {
          await jsm.streams.add(config);
          break;
        } catch (error) {
          if (attempt > 20) throw error;
          await delay(500);
        }
      }
    }
    const sql = openPostgres(servers.databaseUrl, { name: 'test', max: 1 });
    for (let i = 0; i < 10; i++) await setRoute(sql, null, guild(i), sandbox(i));
    await closePostgres(sql);
  });
  afterAll(async () => {
    await nc.close();
    await Promise.all(nodes.map((node) => node.kill()));
    await servers.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it('keeps its replicas after a migrate', async () => {
    const routed = routedSubjects(DEFAULT_PRODUCTION_SUBJECTS);
    expect(await migrateNats(urls[0] ?? '', routed)).toEqual([]);
    const { config } = await (await nc.jetstreamManager()).streams.info(STREAMS.routed);
    expect(config.num_replicas).toBe(3);
  });

  it('keeps the promise while its nodes are killed one at a time, the leader first', async () => {
    const router = await routerInProcess(servers, { natsUrl: urls[0] ?? '' });
    const flood = new Flood(nc);
    const flooding = flood.run(12_000, 1_500, inTurn);
    const jsm = await nc.jetstreamManager({ timeout: 5_000 });
    await delay(800);
    const leader = (await jsm.streams.info(STREAMS.routed)).cluster?.leader ?? 'n0';
    const first = Number(leader.slice(1));
    for (const i of [first, (first + 1) % 3]) {
      await nodes[i]?.kill();
      await delay(1_500);
      nodes[i]?.start();
      await delay(2_000);
    }
    await flooding;
    await drained(nc, 40_000);
    expect(await verdict(nc, flood)).toEqual(NOTHING_WRONG);
    await router.stop();
  }, 90_000);
});
