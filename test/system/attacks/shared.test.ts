/**
 * Resources that all sandboxes share: the server or the worker limits an attacker, and others
 * suffer only briefly.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Control } from '../../../domain/control.js';
import { openDirectControl } from '../../../control/direct-control.js';
import { redisRoutes } from '../../../routing/route.js';
import { MAX_REDIS_CONNECTIONS } from '../../../resources/redis/limits.js';
import {
  makeTenant,
  natsAs,
  postgresAs,
  redisAs,
  type Tenant,
  variable,
} from '../isolation/tenants.js';
import { withRedis } from '../stack/ask.js';
import { scrape, total } from '../../support/scrape.js';
import {
  openAdmin,
  someGuild,
  someOwner,
  stackConfig,
  stackState,
  until,
} from '../../support/stack.js';

let client: Control;
let tenant: Tenant;
let neighbour: Tenant;
let limited = 0;
const ATTACKS = 10;

beforeAll(async () => {
  client = openDirectControl(stackConfig({ SANDBOX_OWNER: someOwner() }));
  tenant = await makeTenant(client);
  neighbour = await makeTenant(client, { guildIds: [someGuild()] });
});
afterAll(async () => {
  console.log(`attacks on what is shared: ${limited} of ${ATTACKS} limited`);
  for (const { id } of [tenant, neighbour]) await client.destroy(id);
  await client.close();
});

async function sqlOf({ env }: Tenant) {
  const sql = await postgresAs(env);
  onTestFinished(() => sql.end().catch(() => undefined));
  return sql;
}

/** The worker's count of ended connections and sessions. */
const endedFor = async (reason: string): Promise<number> =>
  total(await scrape('worker'), 'sandbox_sessions_ended_total', `"${reason}"`);

async function created(): Promise<void> {
  const { id } = await client.create({ ttl: '1h' });
  await client.destroy(id);
}

describe('on Postgres a sandbox', () => {
  it('that fills the lock table loses its session, and creates continue', async () => {
    const before = await endedFor('postgres_locks');
    const [hog, honest] = [await sqlOf(tenant), await sqlOf(neighbour)];
    await honest.query('SELECT pg_advisory_lock(-i) FROM generate_series(1, 1000) i');
    let ended = false;
    hog.on('end', () => (ended = true));
    await hog.query(`SET statement_timeout = 0`);
    const fill = 'SELECT count(pg_advisory_lock(i)) FROM generate_series(1, 1000000) i';
    // The worker may end the session before the table is full.
    await expect(hog.query(fill)).rejects.toThrow(/out of shared memory|terminat/);
    await until('the session ends', () => Promise.resolve(ended || null));
    await created();
    await honest.query('SELECT pg_advisory_unlock_all()');
    expect(await endedFor('postgres_locks')).toBeGreaterThan(before);
    limited += 1;
  });

  it('has its temporary files limited by the server', async () => {
    await openAdmin().unsafe(`ALTER ROLE sandbox_${tenant.id} SET temp_file_limit = '2MB'`);
    const sql = await sqlOf(tenant);
    await sql.query(`SET work_mem = '64kB'`);
    const sorted = (rows: number) =>
      sql.query(
        `SELECT i FROM generate_series(1, ${rows}) i ORDER BY md5(i::text) LIMIT 1 OFFSET ${rows - 1}`,
      );
    await expect(sorted(200_000)).rejects.toMatchObject({ code: '53400' });
    expect((await sorted(5_000)).rowCount).toBe(1);
    limited += 1;
  });

  it('that locks all its tables does not delay its status and its destroy', async () => {
    const locked = await makeTenant(client);
    const sql = await sqlOf(locked);
    await sql.query('BEGIN; LOCK TABLE communities, profiles, badges IN ACCESS EXCLUSIVE MODE');
    expect(await client.status(locked.id)).toMatchObject({ health: 'healthy' });
    const { sandbox } = await client.destroy(locked.id);
    await client.waitUntilDestroyed(sandbox.id);
    limited += 1;
  });
});

async function redisSocket({ env }: Tenant): Promise<Socket> {
  const url = new URL(variable(env, 'REDIS_URL'));
  const socket = connect(Number(url.port), url.hostname);
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** A connection with the sandbox's login that sends given bytes and reads only on request. */
async function rawRedis(tenant: Tenant): Promise<Socket> {
  const url = new URL(variable(tenant.env, 'REDIS_URL'));
  const socket = await redisSocket(tenant);
  socket.write(`AUTH ${url.username} ${decodeURIComponent(url.password)}\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toBe('+OK\r\n');
  return socket;
}

describe('on Redis a sandbox', () => {
  it('that fills the memory gets errors, evicts no key, and can be destroyed', async () => {
    const hog = await makeTenant(client);
    await withRedis(stackState().urls.admin.redis, async (admin) => {
      const figure = async (name: string) =>
        Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(await admin.info('memory'))?.[1]);
      const before = await figure('maxmemory');
      expect(before).toBeGreaterThan(0);
      const [installation] = await openAdmin()<
        { id: string }[]
      >`SELECT id FROM sandbox_installation`;
      const routesMap = redisRoutes(installation?.id ?? '').map;
      const kept = async () => ({
        routes: await admin.hlen(routesMap),
        registered: await admin.hlen('sandbox:registry'),
        users: ((await admin.call('ACL', 'USERS')) as string[]).length,
      });
      const things = await kept();
      expect(things.routes).toBeGreaterThan(0);
      const [redis, theirs] = [await redisAs(hog.env), await redisAs(neighbour.env)];
      const own = `sandbox:${neighbour.id}:k`;
      await theirs.set(own, 'mine');
      try {
        await admin.config('SET', 'maxmemory', (await figure('used_memory')) + 8 * 1_048_576);
        const value = 'x'.repeat(262_144);
        const fill = async () => {
          for (let i = 0; i < 100; i += 1) await redis.set(`sandbox:${hog.id}:${i}`, value);
        };
        await expect(fill()).rejects.toThrow(/^OOM/);
        expect(await theirs.get(own)).toBe('mine');
        expect(await kept()).toEqual(things);
        await expect(theirs.set(own, value)).rejects.toThrow(/^OOM/);
        await client.destroy(hog.id);
        await client.waitUntilDestroyed((await client.get(hog.id)).id);
        await theirs.set(own, value);
      } finally {
        await admin.config('SET', 'maxmemory', before);
        redis.disconnect();
        theirs.disconnect();
      }
    });
    limited += 1;
  });

  it('that opens too many connections loses all of them, and its neighbour keeps its own', async () => {
    const before = await endedFor('redis_connections');
    const theirs = await redisAs(neighbour.env);
    const kept = await rawRedis(neighbour);
    const many: Socket[] = [];
    for (let i = 0; i < MAX_REDIS_CONNECTIONS + 5; i += 1) many.push(await rawRedis(tenant));
    // The server lists subscribers as another type, and connections without login without a user.
    for (const socket of many.slice(50)) socket.write(`SUBSCRIBE sandbox:${tenant.id}:c\r\n`);
    for (let i = 0; i < MAX_REDIS_CONNECTIONS + 5; i += 1) {
      const socket = await redisSocket(tenant);
      // Without reading, the socket would not report its end.
      many.push(socket.resume());
    }
    await until('all are cut', () => Promise.resolve(many.every((one) => one.closed) || null));
    expect(await theirs.ping()).toBe('PONG');
    expect(kept.closed).toBe(false);
    await until(
      'they are counted',
      async () => (await endedFor('redis_connections')) > before || null,
    );
    (await redisAs(tenant.env)).disconnect();
    theirs.disconnect();
    limited += 1;
  });

  it('loses connections whose names are too long for the list, and creates continue', async () => {
    const limit = 'client-output-buffer-limit';
    await withRedis(stackState().urls.admin.redis, async (admin) => {
      const [, set = ''] = (await admin.config('GET', limit)) as string[];
      const named: Socket[] = [];
      try {
        await admin.config('SET', limit, 'normal 1mb 1mb 10');
        // The first name is too long alone, the others only together.
        for (const length of [1_100_000, ...Array.from({ length: 5 }, () => 300_000)]) {
          const socket = await rawRedis(tenant);
          const name = `$${length}\r\n${'n'.repeat(length)}`;
          socket.write(`*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n${name}\r\n`);
          expect(String(await once(socket, 'data'))).toBe('+OK\r\n');
          named.push(socket.resume());
        }
        while (named.some((socket) => !socket.closed)) await created();
      } finally {
        await admin.config('SET', limit, set);
      }
    });
    limited += 1;
  });

  it('that does not read its answers is cut', async () => {
    const [deaf, listening] = [await rawRedis(tenant), await rawRedis(tenant)];
    const key = `sandbox:${tenant.id}:large`;
    const filler = await redisAs(tenant.env);
    await filler.set(key, 'x'.repeat(1_048_576));
    const ask = `GET ${key}\r\n`;
    deaf.pause();
    deaf.write(ask.repeat(150));
    // The same amount in all, but each answer is read before the next request. At once they would
    // fill this buffer too.
    let read = 0;
    listening.on('data', (chunk: Buffer) => (read += chunk.length));
    for (let i = 1; i <= 150; i += 1) {
      listening.write(ask);
      while (read < i * 1_048_576) await once(listening, 'data');
    }
    // A paused socket reports its end only when it reads, so the server is asked.
    await withRedis(stackState().urls.admin.redis, (admin) =>
      until('it is cut', async () => {
        const list = String(await admin.call('CLIENT', 'LIST'));
        expect(list).toContain(`addr=127.0.0.1:${listening.localPort} `);
        return !list.includes(`addr=127.0.0.1:${deaf.localPort} `) || null;
      }),
    );
    await filler.ping();
    await filler.del(key);
    filler.disconnect();
    limited += 1;
  });
});

describe('on NATS a sandbox', () => {
  it('has 1,000 subscriptions; its neighbour still subscribes', async () => {
    const [nc, theirs] = [await natsAs(tenant.env), await natsAs(neighbour.env)];
    const refusals: string[] = [];
    void (async () => {
      for await (const { type } of nc.status()) refusals.push(type);
    })();
    for (let i = 0; i < 990; i += 1) nc.subscribe(`sandbox.${tenant.id}.app.${i}`);
    await nc.flush();
    expect(refusals).toEqual([]);
    for (let i = 990; i < 1_010; i += 1) nc.subscribe(`sandbox.${tenant.id}.app.${i}`);
    await nc.flush();
    await until('a refusal', () => Promise.resolve(refusals.length > 0 || null));
    theirs.subscribe(`sandbox.${neighbour.id}.app.>`);
    await theirs.flush();
    await Promise.all([nc.close(), theirs.close()]);
    limited += 1;
  });

  it('has 512 open pulls on its own consumer; its neighbour still pulls', async () => {
    const [nc, theirs] = [await natsAs(tenant.env), await natsAs(neighbour.env)];
    const pull = ({ id }: Tenant) => `SB.API.CONSUMER.MSG.NEXT.ROUTED.sb_${id}`;
    const answers: string[] = [];
    const reply = `_INBOX_${tenant.id}.pulls`;
    nc.subscribe(reply, {
      callback: (_, { headers }) => answers.push(headers?.description ?? ''),
    });
    const body = JSON.stringify({ expires: 2_000_000_000 });
    for (let i = 0; i < 1_000; i += 1) nc.publish(pull(tenant), body, { reply });
    await until('a refusal', () =>
      Promise.resolve(answers.includes('Exceeded MaxWaiting') || null),
    );
    const empty = await theirs.request(pull(neighbour), '{"no_wait":true}');
    expect(empty.headers?.code).toBe(404);
    await Promise.all([nc.close(), theirs.close()]);
    limited += 1;
  });

  it('sends no message larger than the server’s limit, and has no stream to fill', async () => {
    const nc = await natsAs(tenant.env);
    const subject = `sandbox.${tenant.id}.app.large`;
    const limit = nc.info?.max_payload ?? 0;
    const heard = nc.subscribe(subject, { max: 1 });
    expect(() => nc.publish(subject, new Uint8Array(limit + 1))).toThrow('MAX_PAYLOAD_EXCEEDED');
    nc.publish(subject, new Uint8Array(1_024));
    for await (const { data } of heard) expect(data.length).toBe(1_024);
    // The server answers with an error: the account has no JetStream.
    await expect(nc.jetstreamManager({ apiPrefix: 'SB.API', timeout: 500 })).rejects.toThrow();
    await nc.close();
    limited += 1;
  });
});
