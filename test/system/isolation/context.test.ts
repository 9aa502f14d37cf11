import { describe, expect, it, onTestFinished } from 'vitest';
import { credentialsOf } from '../../../control/environment.js';
import { parseSandboxId } from '../../../domain/names.js';
import { openContext } from '../../../index.js';
import { readContext } from '../../../context/variables.js';
import { closeNats, openNats } from '../../../platform/nats.js';
import type { SandboxRecord } from '../../../store/sandboxes.js';
import { openClient, someOwner, stackState, until } from '../../support/stack.js';
import { makeTenant, type Tenant } from './tenants.js';

async function opened(tenant: Tenant) {
  const context = await openContext(tenant.env);
  onTestFinished(() => context.close());
  return context;
}

describe('openContext', () => {
  it('gives a sandbox’s own Postgres, Redis and NATS, and nothing of its neighbour', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const [a, b] = [await makeTenant(client), await makeTenant(client)];
    const [one, other] = [await opened(a), await opened(b)];

    await one.sql`INSERT INTO communities (name) VALUES ('mine')`;
    await one.withSchema((sql) => sql`INSERT INTO communities (name) VALUES ('mine too')`);
    expect(await one.sql`SELECT name FROM communities`).toHaveLength(2);
    expect(await other.sql`SELECT name FROM communities`).toHaveLength(0);

    await one.redis.set('k', 'mine');
    expect(one.redisKey('k')).toBe(`sandbox:${a.id}:k`);
    expect(await one.redis.get('k')).toBe('mine');
    expect(await other.redis.get('k')).toBeNull();

    const heard: string[] = [];
    for (const context of [one, other]) {
      context.nats.subscribe(`sandbox.${context.sandboxId}.app.>`, {
        callback: (_, message) => heard.push(message.subject),
      });
    }
    await Promise.all([one.nats.flush(), other.nats.flush()]);
    one.publish('greeting', 'hello');
    await until('its own message', () => Promise.resolve(heard.length > 0));
    expect(heard).toEqual([`sandbox.${a.id}.app.greeting`]);

    const admin = await openNats(stackState().urls.admin.nats, 'test');
    onTestFinished(() => closeNats(admin));
    await admin.jetstream().publish(`sandbox.${a.id}.events.message.create`, '{}');
    const message = await (await one.consumer()).next({ expires: 2_000 });
    expect(message?.subject).toBe(`sandbox.${a.id}.events.message.create`);
    for (const { id } of [a, b]) await client.destroy(id);
  });

  it('throws for a destroyed sandbox, and never opens production instead', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const tenant = await makeTenant(client);
    await client.destroy(tenant.id);
    await until(
      'destroyed',
      async () => (await client.get(tenant.id)).status === 'destroyed' || null,
    );
    await expect(openContext(tenant.env, { production: true })).rejects.toMatchObject({
      code: 'SANDBOX_009',
    });
  });

  it('opens production only on request', async () => {
    const { admin } = stackState().urls;
    const env = { DATABASE_URL: admin.database, REDIS_URL: admin.redis, NATS_URL: admin.nats };
    await expect(openContext(env)).rejects.toMatchObject({ code: 'SANDBOX_008' });
    await using context = await openContext(env, { production: true });
    expect(context.sandboxId).toBeNull();
    expect(context.redisKey('k')).toBe('k');
    expect(context.natsSubject('greeting')).toBe('greeting');
    await expect(context.consumer()).rejects.toMatchObject({ code: 'SANDBOX_008' });
    expect(await context.withSchema((sql) => sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
  });

  it('gets the sandbox’s login only, whatever login the services’ addresses contain', () => {
    const row = { sandboxId: parseSandboxId('sb0123456789'), rotation: 0 } as SandboxRecord;
    const login = 'user=bd_client&username=bd_client&password=secret&passfile=/x';
    const addresses = {
      database: `postgres://h/db?${login}&options=-c%20a%3Db&sslmode=require`,
      redis: `redis://:secret@h:1?${login}`,
      nats: 'nats://h:1',
      temporal: '',
    };
    const env = credentialsOf(row, addresses, 's', { redisAcl: true });
    expect(JSON.stringify(env)).not.toMatch(/bd_client|secret|passfile/);
    expect(env.DATABASE_URL).toMatch(/@h\/db\?options=-c%20a%3Db&sslmode=require$/);
    expect(env.REDIS_URL).toMatch(/^redis:\/\/sandbox_sb0123456789:[\w-]{43}@h:1$/);
  });

  describe('refuses an environment that is', () => {
    const id = 'sb0123456789';
    const whole = {
      SANDBOX_ID: id,
      SANDBOX_SCHEMA: `sandbox_${id}`,
      SANDBOX_REDIS_PREFIX: `sandbox:${id}:`,
      SANDBOX_NATS_PREFIX: `sandbox.${id}.`,
      SANDBOX_GUILD_IDS: '',
      DATABASE_URL: `postgres://sandbox_${id}:b@localhost/c`,
      REDIS_URL: 'redis://a:b@localhost:1',
      NATS_URL: 'nats://a:b@localhost:1',
      NATS_STREAM: 'ROUTED',
      NATS_CONSUMER: `sb_${id}`,
      NATS_INBOX_PREFIX: `_INBOX_${id}`,
      NATS_API_PREFIX: 'SB.API',
    };
    it.each([
      ['empty', {}],
      ['without its id', { ...whole, SANDBOX_ID: '' }],
      ['without an address', { ...whole, DATABASE_URL: undefined }],
      ['of two sandboxes', { ...whole, SANDBOX_SCHEMA: 'sandbox_sb9876543210' }],
      ['of another id', { ...whole, SANDBOX_ID: 'sb9876543210' }],
      ['with a hostile id', { ...whole, SANDBOX_ID: 'sb$(touch x)' }],
      ['with another Redis database', { ...whole, REDIS_URL: 'redis://a:b@localhost:1/3' }],
      ['with production’s database', { ...whole, DATABASE_URL: 'postgres://app:b@localhost/c' }],
      ['with another login behind', { ...whole, DATABASE_URL: `${whole.DATABASE_URL}?user=app` }],
      ['with a neighbour’s Redis', { ...whole, REDIS_URL: 'redis://sandbox_sb9876543210:b@h:1' }],
      ['with a neighbour’s NATS', { ...whole, NATS_URL: 'nats://sandbox_sb9876543210:b@h:1' }],
      ['with what is no URL', { ...whole, NATS_URL: 'localhost' }],
      ['with a guild that is none', { ...whole, SANDBOX_GUILD_IDS: '12;rm' }],
    ])('%s', (what, env) => {
      expect(readContext(whole, false).sandboxId).toBe(id);
      expect(() => readContext(env, what !== 'empty')).toThrow(
        expect.objectContaining({ code: 'SANDBOX_008' }),
      );
    });
  });
});
