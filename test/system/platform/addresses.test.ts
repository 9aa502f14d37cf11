/**
 * Users' addresses: which are accepted, which are refused with a reason, and the page that lists
 * them.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openContext } from '../../../context/index.js';
import { parseNatsUrl } from '../../../platform/addresses/nats.js';
import { displayAddress, passwordsIn, withLogin } from '../../../platform/addresses/login.js';
import { postgresAddress } from '../../../platform/addresses/postgres.js';
import { redisAddress } from '../../../platform/addresses/redis.js';
import { temporalAddress } from '../../../platform/addresses/temporal.js';
import { loadConfig } from '../../../platform/config.js';
import { closeNats, openNats } from '../../../platform/nats.js';
import { closePostgres, openPostgres } from '../../../platform/postgres.js';
import { parseTime } from '../../../platform/postgres-time.js';
import { closeRedis, openRedis } from '../../../platform/redis.js';
import { bd } from '../../support/bd.js';
import { stackState } from '../../support/stack.js';

const SECRET = 'a-very-secret-word';
const postgres = (more: string): string => `postgres://u:${SECRET}@h/db${more}`;

/** Refused with a message that contains these words, by each reader of addresses. */
const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  ['DATABASE_URL', postgres('?channel_binding=require'), /channel_binding=require/],
  ['DATABASE_URL', postgres('?channel_binding=always'), /channel_binding may be/],
  ['DATABASE_URL', postgres('?gssencmode=require'), /gssencmode/],
  ['DATABASE_URL', postgres('?schema=app'), /schema may be public/],
  ['DATABASE_URL', postgres('?sslmode=strict'), /sslmode may be/],
  ['DATABASE_URL', postgres('?sslcert=/a'), /sslcert and sslkey/],
  ['DATABASE_URL', postgres('?sslmode=require&sslrootcert=system'), /sslrootcert=system/],
  ['DATABASE_URL', postgres('?target_session_attrs=standby'), /target_session_attrs/],
  ['DATABASE_URL', postgres('?connect_timeout=0'), /connect_timeout/],
  ['DATABASE_URL', postgres('?passfile=/a'), /passfile/],
  ['DATABASE_URL', postgres('?search_path=app'), /search_path is not known/],
  ['DATABASE_URL', postgres('?__proto__=x'), /__proto__ is not known/],
  ['DATABASE_URL', `postgres://u:${SECRET}@a,b/db`, /several hosts/],
  ['DATABASE_URL', `postgres://u:${SECRET}@/db?host=a,b`, /several hosts/],
  ['DATABASE_URL', `postgres://u:${SECRET}@/db`, /names no host/],
  ['DATABASE_URL', `postgres://u:${SECRET}@h:0/db`, /port/],
  ['DATABASE_URL', `postgres://u:${SECRET}@h:65536/db`, /port/],
  ['DATABASE_URL', `postgres://u:${SECRET}%ZZ@h/db`, /password holds a %/],
  ['DATABASE_URL', `postgres://u:${SECRET}/x@h/db`, /port|host|URL/],
  ['DATABASE_URL', `postgres://u:${SECRET}@::1/db`, /IPv6|host/],
  ['DATABASE_URL', `mysql://u:${SECRET}@h/db`, /mysql:\/\/ is no scheme of Postgres/],
  ['DATABASE_URL', `postgres://u:${SECRET}@h/d b`, /space/],
  ['REDIS_URL', `rediss+sentinel://u:${SECRET}@h:1`, /Sentinel/],
  ['REDIS_URL', `redis-sentinel://u:${SECRET}@h:1,i:1/0?x`, /Sentinel/],
  ['REDIS_URL', `redis-cluster://u:${SECRET}@h:1`, /Cluster/],
  ['REDIS_URL', `unix://u:${SECRET}@/tmp/redis.sock`, /socket/],
  ['REDIS_URL', `redis://u:${SECRET}@h:1,i:2`, /several hosts/],
  ['REDIS_URL', `redis://u:${SECRET}@h:1/1`, /database 0/],
  ['REDIS_URL', `redis://u:${SECRET}@h:1?db=1`, /db may be 0/],
  ['REDIS_URL', `redis://u:${SECRET}@h:1?keyPrefix=x`, /keyPrefix is not known/],
  ['REDIS_URL', `redis://u:${SECRET}%zz@h:1`, /password holds a %/],
  ['NATS_URL', `wss://u:${SECRET}@h`, /WebSockets/],
  ['NATS_URL', `nats://u:${SECRET}@h?tls=1`, /parameters/],
  ['NATS_URL', `nats://u:${SECRET}@a,tls://b`, /mixes/],
  ['NATS_URL', `http://u:${SECRET}@h`, /no scheme of NATS/],
  ['NATS_URL', 'nats://', /no server/],
];

describe('an address that is not supported', () => {
  it.each(REFUSED)(
    'of %s is refused by name, without showing its password: %s',
    async (name, text, why) => {
      const refusal = expect.objectContaining({
        ...{ code: 'SANDBOX_008', message: expect.stringMatching(why) as string },
      }) as Error;
      expect(() => loadConfig({ [name]: text })).toThrow(refusal);
      expect(() => loadConfig({ [`SANDBOX_TENANT_${name}`]: text })).toThrow(refusal);
      const { urls } = stackState();
      const { database, redis, nats } = urls.admin;
      const env = { DATABASE_URL: database, REDIS_URL: redis, NATS_URL: nats, [name]: text };
      const opening = openContext(env, { production: true });
      await expect(opening).rejects.toMatchObject({ code: 'SANDBOX_008' });
      const configured = Promise.resolve().then(() => loadConfig({ [name]: text }));
      for (const attempt of [configured, opening]) {
        const failure: unknown = await attempt.catch((error: unknown) => error);
        expect(JSON.stringify(failure) + String(failure)).not.toContain(SECRET);
      }
      expect(String(await opening.catch((error: unknown) => error))).toMatch(why);
    },
  );

  it.each(['https://h:7233', 'h', '::1', 'h:0', 'h:7233/x', '[::1]'])(
    'of Temporal is refused: %s',
    (text) => {
      expect(() => loadConfig({ TEMPORAL_ADDRESS: text })).toThrow(/TEMPORAL_ADDRESS/);
    },
  );

  it.each(['sandbox list', 'migrate', 'worker', 'router'])('ends `bd %s` with 2', async (args) => {
    const { code, stdout, stderr } = await bd(args.split(' '), {
      SANDBOX_CONTROL_DATABASE_URL: postgres('?channel_binding=require'),
    });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/SANDBOX_008[\s\S]*channel_binding[\s\S]*verify-full/);
  });
});

describe('an address of Postgres', () => {
  it.each([
    ['?channel_binding=prefer&gssencmode=disable&schema=public&uselibpqcompat=true', {}],
    ['?pgbouncer=true&connection_limit=5', { prepare: false }],
    ['?statement_cache_size=0', { prepare: false }],
    ['?sslmode=require', { tls: { mode: 'require', direct: false } }],
    ['?sslmode=require&channel_binding=require&sslrootcert=/a', { tls: { mode: 'verify-ca' } }],
    ['?sslrootcert=system', { tls: { mode: 'verify-full', rootCert: 'system' } }],
    ['?ssl=true', { tls: { mode: 'verify-full' } }],
    ['?ssl=false', { tls: null }],
    ['?sslmode=disable&sslrootcert=/a', { tls: null }],
    ['?application_name=x%20y&connect_timeout=7', { applicationName: 'x y', connectTimeoutS: 7 }],
    ['?user=v&password=p%40w&dbname=d&port=6432', { user: 'v', password: 'p@w', port: 6_432 }],
    ['?keepalives=0', { keepAliveS: 0 }],
    ['?options=-c%20a%3Db', { options: '-c a=b' }],
    ['?host=%2Frun%2Fpg&sslmode=require', { socket: '/run/pg/.s.PGSQL.5432', tls: null }],
    ['?host=fe80::1', { host: 'fe80::1' }],
  ])('with %s is read', (more, expected) => {
    expect(postgresAddress(postgres(more))).toMatchObject(expected);
  });

  it('may name a socket’s directory as its host', () => {
    expect(postgresAddress('postgres://u@%2Frun%2Fpg:5433/db')).toMatchObject({
      ...{ socket: '/run/pg/.s.PGSQL.5433', host: '/run/pg', port: 5_433 },
    });
  });

  it('opens through a socket, with the login of the address', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'pg-'));
    const { port, username, password } = new URL(stackState().urls.admin.database);
    const relay = createServer((client) => {
      const server = connect(Number(port), '127.0.0.1');
      for (const socket of [client, server]) socket.on('error', () => undefined);
      client.pipe(server).pipe(client);
    }).listen(join(directory, '.s.PGSQL.5432'));
    await once(relay, 'listening');
    onTestFinished(() => {
      relay.close();
      rmSync(directory, { recursive: true });
    });
    const url = `postgres://${username}:${password}@/sandboxes?host=${directory}`;
    const sql = openPostgres(url, { name: 'test', max: 1 });
    expect(await sql`SELECT current_user::text AS who`).toEqual([{ who: username }]);
    await closePostgres(sql);
  });

  it('with a parameter that the server does not know is an error of its own, not a missing migration', async () => {
    const url = `${stackState().urls.admin.database}?options=-c%20no_such_thing%3D1`;
    for (const args of [['sandbox', 'list'], ['migrate']]) {
      const { code, stderr } = await bd(args, { SANDBOX_CONTROL_DATABASE_URL: url });
      expect(code).toBe(7);
      expect(stderr).toMatch(/SANDBOX_009.*Postgres.*no_such_thing/);
      expect(stderr).not.toMatch(/bd migrate|unexpected/);
    }
  });
});

describe('an address with an IPv6 number', () => {
  it('is read', () => {
    expect(postgresAddress('postgres://u@[::1]:5433/db')).toMatchObject({
      host: '::1',
      port: 5_433,
    });
    expect(redisAddress('redis://[::1]')).toMatchObject({ host: '::1', port: 6_379 });
    expect(parseNatsUrl('nats://[::1]')).toMatchObject({ servers: ['[::1]:4222'] });
    expect(temporalAddress('[::1]:7233')).toBe('[::1]:7233');
  });

  it('leads to the server', async () => {
    const { admin } = stackState().urls;
    const ports = [admin.database, admin.redis, admin.nats].map((url) => Number(new URL(url).port));
    const relays = await Promise.all(
      ports.map(async (port) => {
        const relay = createServer((client) => {
          const server = connect(port, '127.0.0.1');
          for (const socket of [client, server]) socket.on('error', () => undefined);
          client.pipe(server).pipe(client);
        }).listen(0, '::1');
        await once(relay, 'listening');
        onTestFinished(() => {
          relay.close();
        });
        return (relay.address() as { port: number }).port;
      }),
    );
    const through = (url: string, at: number): string =>
      url.replace(/@127\.0\.0\.1:[0-9]+/, `@[::1]:${relays[at] ?? 0}`);
    const sql = openPostgres(through(admin.database, 0), { name: 'test', max: 1 });
    expect(await sql`SELECT 1 AS one`).toEqual([{ one: 1 }]);
    await closePostgres(sql);
    closeRedis(await openRedis(through(admin.redis, 1), 'test'));
    await closeNats(await openNats(through(admin.nats, 2), 'test'));
  });
});

describe('a list of NATS servers', () => {
  it.each([
    ['nats://u:p@a:1,nats://b:2', ['a:1', 'b:2']],
    ['nats://u:p@a,b:2', ['a:4222', 'b:2']],
    ['nats://a,nats://u:p@b', ['a:4222', 'b:4222']],
  ])('%s', (text, servers) => {
    expect(parseNatsUrl(text)).toEqual({ servers, tls: false, user: 'u', pass: 'p' });
  });

  it('is tried until one server answers', async () => {
    const url = stackState().urls.admin.nats;
    const [, login = '', place = ''] = /^nats:\/\/(.*)@(.*)$/.exec(url) ?? [];
    const nc = await openNats(`nats://${login}@127.0.0.1:1,${place}`, 'test');
    expect(nc.getServer()).toBe(place);
    await closeNats(nc);
  });
});

describe('an address that is passed on or shown', () => {
  it.each([
    [
      'postgres://a:b@h:1/db?sslmode=require&password=x',
      'postgres://u:p%40@h:1/db?sslmode=require',
    ],
    ['postgres://h/db?user=x', 'postgres://u:p%40@h/db'],
    ['postgres:///db?host=/run/pg', 'postgres://u:p%40@/db?host=/run/pg'],
    ['nats://a:b@h:1,nats://c:d@i:2', 'nats://u:p%40@h:1,nats://i:2'],
    ['redis://:b@[::1]:1', 'redis://u:p%40@[::1]:1'],
  ])('%s gets the tenant’s login alone', (address, expected) => {
    expect(withLogin(address, 'u', 'p@')).toBe(expected);
  });

  it.each([
    ['nats://a:b@h:1,nats://c:d@i:2', 'h:1, i:2'],
    ['postgres://a:b@/db?host=/run/pg', '/run/pg'],
    ['h:7233', 'h:7233'],
  ])('%s shows only its hosts', (address, expected) => {
    expect(displayAddress(address)).toBe(expected);
  });

  it('reveals each of its passwords only to code that must hide them', () => {
    expect(passwordsIn(`nats://a:${SECRET}@h,nats://c:d%40@i`)).toEqual([
      ...[SECRET, SECRET, 'd%40', 'd@'],
    ]);
    expect(passwordsIn(`postgres://h/x?password=${SECRET}`)).toContain(SECRET);
  });
});

describe('a time of Postgres', () => {
  it.each([
    ['2026-12-05 13:00:00+00', '2026-12-05T13:00:00.000Z'],
    ['2026-12-05 13:00:00.123456+05:30', '2026-12-05T07:30:00.123Z'],
    ['2026-12-05T13:00:00.5+00:00', '2026-12-05T13:00:00.500Z'],
    ['2026-12-05 13:00:00-0330', '2026-12-05T16:30:00.000Z'],
  ])('%s is read', (text, iso) => {
    expect(parseTime(text).toISOString()).toBe(iso);
  });

  it.each([
    '05.12.2026 13:00:00 UTC',
    '05/12/2026 13:00:00 UTC',
    'Sat 05 Dec 13:00:00 2026 UTC',
    '2026-12-05 13:00:00',
    '2026-13-05 13:00:00+00',
    'infinity',
    '0044-03-15 12:00:00+00 BC',
    '',
  ])('%s is refused, never guessed', (text) => {
    expect(() => parseTime(text)).toThrow(expect.objectContaining({ code: 'SANDBOX_009' }));
  });
});
