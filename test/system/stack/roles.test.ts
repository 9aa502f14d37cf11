/**
 * The rights of the stack's own users: each refusal beside an allowed action, on the run's stack.
 */
import { expect, test } from 'vitest';
import { stackState } from '../../support/stack.js';
import { natsRefusal, withPostgres, withRedis } from './ask.js';

test.each(['worker', 'router', 'client', 'api'] as const)(
  '%s connects to Postgres as a role without any power over roles or the server',
  async (role) => {
    await withPostgres(stackState().urls[role].database, async (sql) => {
      const [user] = await sql`
        SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls,
          (SELECT count(*)::int FROM pg_roles p WHERE p.rolname LIKE 'pg\\_%'
            AND pg_has_role(current_user, p.oid, 'MEMBER')) AS memberships
        FROM pg_roles WHERE rolname = current_user`;
      expect(user).toEqual({
        rolname: `bd_${role}`,
        rolsuper: false,
        rolcreaterole: false,
        rolcreatedb: false,
        rolreplication: false,
        rolbypassrls: false,
        memberships: 0,
      });
      await expect(sql`CREATE ROLE intruder`).rejects.toThrow('permission denied');
      await expect(sql`COPY (SELECT 1) TO PROGRAM 'true'`).rejects.toThrow('permission denied');
    });
  },
);

test('Redis lets nobody in without a password', async () => {
  const url = new URL(stackState().urls.admin.redis);
  await expect(withRedis(`redis://${url.host}`, (redis) => redis.ping())).rejects.toThrow('Redis');
  const guess = `redis://admin:guess@${url.host}`;
  await expect(withRedis(guess, (redis) => redis.ping())).rejects.toThrow('Redis');
});

const KEY = 'sandbox:routes:of-the-roles-test';

test.each([
  ['router', 'set', [KEY, '1'], ['get', [KEY]]],
  ['router', 'get', ['sandbox:tenant:secret'], ['get', [KEY]]],
  ['router', 'acl', ['LIST'], ['ping', []]],
  ['client', 'set', [KEY, '1'], ['get', [KEY]]],
  ['client', 'acl', ['SETUSER', 'intruder', 'on'], ['acl', ['WHOAMI']]],
  ['client', 'flushall', [], ['set', ['sandbox:route:1', '1:']]],
  ['api', 'hset', ['sandbox:registry', 'x', '{}'], ['ping', []]],
  ['api', 'hget', ['sandbox:tenant:secret', 'x'], ['ping', []]],
  ['api', 'hexists', ['sandbox:registry', 'x'], ['ping', []]],
  ['api', 'hmget', ['sandbox:routes:any:map', '1'], ['ping', []]],
  ['api', 'acl', ['LIST'], ['ping', []]],
  ['api', 'acl', ['GETUSER', 'bd_worker'], ['ping', []]],
  ['client', 'hset', ['sandbox:registry', 'x', '{}'], ['hexists', ['sandbox:registry', 'x']]],
  ['client', 'hset', ['sandbox:routes:a:map', '1', ''], ['hmget', ['sandbox:routes:a:map', '1']]],
  ['client', 'acl', ['DELUSER', 'nobody'], ['acl', ['GETUSER', 'nobody']]],
  ['api', 'scan', ['0'], ['ping', []]],
  ['api', 'publish', ['sandbox:routes:changed', '1'], ['ping', []]],
  ['worker', 'set', ['another', '1'], ['set', [KEY, '1']]],
  ['worker', 'flushall', [], ['scan', ['0']]],
  ['worker', 'config', ['GET', 'dir'], ['acl', ['LIST']]],
  ['worker', 'keys', ['*'], ['info', []]],
] as const)('as %s Redis refuses %s %j', async (role, command, args, [allowed, allowedArgs]) => {
  await withRedis(stackState().urls[role].redis, async (redis) => {
    await expect(redis.call(command, ...args)).rejects.toThrow(/NOPERM|permission/i);
    await redis.call(allowed, ...allowedArgs);
  });
});

test.each([
  ['router', 'events.raw.MESSAGE_CREATE', 'events.MESSAGE_CREATE'],
  ['router', 'commands.raw.interaction', 'sandbox.x.commands.interaction'],
  ['router', 'events.raw.for.sb0000000000.x', 'sandbox.sb0000000000.events.x'],
  ['router', '$JS.API.STREAM.DELETE.ROUTED', '$JS.API.STREAM.INFO.ROUTED'],
  ['router', '$JS.API.STREAM.PURGE.ROUTED', '$JS.API.CONSUMER.INFO.RAW.x'],
  ['router', '$JS.API.CONSUMER.CREATE.ROUTED.x', '$JS.API.CONSUMER.INFO.ROUTED.x'],
  ['worker', 'sandbox.x.events.MESSAGE_CREATE', '$JS.API.STREAM.INFO.ROUTED'],
  ['worker', 'events.MESSAGE_CREATE', 'router.sync'],
  ['worker', 'events.raw.for.sb0000000000.x', 'router.sync'],
  ['client', 'router.fence', 'SB.API.STREAM.INFO.ROUTED'],
  ['client', 'events.raw.MESSAGE_CREATE', 'SB.API.CONSUMER.INFO.ROUTED.x'],
  ['client', 'commands.raw.INTERACTION_CREATE', 'commands.raw.for.x.INTERACTION_CREATE'],
  ['client', 'events.raw.for', 'events.raw.for.x.MESSAGE_CREATE'],
  ['client', 'events.raw.forx.y', 'events.raw.for.sb0000000000'],
  ['client', 'events.MESSAGE_CREATE', 'events.raw.for.x.y.z'],
  ['client', 'sandbox.sb0000000000.events.x', 'events.raw.for.sb0000000000.x'],
  ['client', 'dlq.addressee', 'commands.raw.for.sb0000000000.x'],
  ['client', 'ingest.position.0', 'events.raw.for.x.0'],
  ['client', '$JS.API.STREAM.DELETE.ROUTED', 'SB.API.STREAM.MSG.GET.ROUTED'],
  ['client', '$JS.API.CONSUMER.CREATE.ROUTED.x', 'SB.API.CONSUMER.INFO.ROUTED.x'],
  ['client', '$JS.API.CONSUMER.CREATE.DLQ', 'SB.API.STREAM.INFO.ROUTED'],
  ['client', '$JS.API.CONSUMER.MSG.NEXT.ROUTED.x', 'SB.API.CONSUMER.INFO.ROUTED.x'],
  ['client', '$JS.API.STREAM.MSG.GET.RAW', 'SB.API.STREAM.MSG.GET.KV_ROUTERS'],
  ['client', '$KV.ROUTERS.writer', 'SB.API.STREAM.INFO.KV_ROUTERS'],
  ['api', 'router.fence', 'SB.API.STREAM.INFO.ROUTED'],
  ['api', 'sandbox.x.events.MESSAGE_CREATE', 'SB.API.STREAM.INFO.ROUTED'],
  ['api', 'events.MESSAGE_CREATE', 'SB.API.STREAM.MSG.GET.ROUTED'],
  ['api', 'events.raw.MESSAGE_CREATE', 'events.raw.for.sb0000000000.MESSAGE_CREATE'],
  ['api', 'commands.raw.INTERACTION_CREATE', 'commands.raw.for.sb0000000000.x'],
  ['api', '$JS.API.DIRECT.GET.ROUTED', 'SB.API.DIRECT.GET.ROUTED'],
  ['api', 'SB.API.CONSUMER.CREATE.ROUTED.x', 'SB.API.STREAM.INFO.ROUTED'],
  ['client', 'SB.API.DIRECT.GET.ROUTED', 'SB.API.STREAM.MSG.GET.ROUTED'],
  ['api', '$JS.API.STREAM.MSG.GET.RAW', 'SB.API.STREAM.MSG.GET.ROUTED'],
  ['api', '$JS.API.CONSUMER.CREATE.ROUTED.x', 'SB.API.STREAM.INFO.ROUTED'],
  ['api', '$JS.API.CONSUMER.DELETE.ROUTED.x', 'SB.API.STREAM.INFO.ROUTED'],
  ['api', '$JS.API.CONSUMER.MSG.NEXT.ROUTED.x', 'SB.API.STREAM.INFO.ROUTED'],
  ['api', '$KV.ROUTERS.writer', 'SB.API.STREAM.INFO.ROUTED'],
  ['api', 'SB.API.CONSUMER.INFO.ROUTED.x', 'SB.API.STREAM.INFO.ROUTED'],
  ['api', '$SYS.REQ.ACCOUNT.x.CLAIMS.LOOKUP', 'SB.API.STREAM.INFO.ROUTED'],
  ['client', '$SYS.REQ.CLAIMS.UPDATE', '$SYS.REQ.ACCOUNT.x.CLAIMS.LOOKUP'],
  ['api', '$SYS.REQ.CLAIMS.UPDATE', 'SB.API.STREAM.INFO.ROUTED'],
] as const)('%s may not publish %s on NATS', async (role, refused, allowed) => {
  const url = stackState().urls[role].nats;
  expect(await natsRefusal(url, (nc) => nc.publish(refused))).toBe(refused);
  expect(await natsRefusal(url, (nc) => nc.publish(allowed, '', { reply: 'nobody' }))).toBeNull();
});

test('the ingest user publishes raw events, and can neither read nor route them', async () => {
  const url = stackState().ingestNatsUrl;
  expect(await natsRefusal(url, (nc) => nc.publish('events.RAW_ONLY'))).toBe('events.RAW_ONLY');
  expect(await natsRefusal(url, (nc) => nc.publish('$JS.API.STREAM.INFO.RAW'))).toBe(
    '$JS.API.STREAM.INFO.RAW',
  );
  for (const subject of ['events.>', '_INBOX.>', '_INBOX_bd_worker.>', 'router.sync']) {
    expect(await natsRefusal(url, (nc) => void nc.subscribe(subject))).toBe(subject);
  }
  for (const subject of ['events.raw.ROLES_TEST', 'commands.raw.for.sb0000000000.ROLES_TEST'])
    expect(await natsRefusal(url, (nc) => nc.publish(subject, '{}'))).toBeNull();
  expect(await natsRefusal(url, (nc) => void nc.subscribe('_INBOX_ingest.>'))).toBeNull();
});
