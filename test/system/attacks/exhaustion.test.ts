/**
 * Resources that one sandbox can exhaust, and credentials that must no longer work: stale, rotated,
 * foreign.
 */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Control } from '../../../domain/control.js';
import { openDirectControl } from '../../../control/direct-control.js';
import { MAX_CONNECTIONS } from '../../../resources/nats/limits.js';
import {
  makeTenant,
  natsAs,
  postgresAs,
  redisAs,
  type Tenant,
  variable,
  soon,
} from '../isolation/tenants.js';
import { openAdmin, someOwner, stackConfig, until } from '../../support/stack.js';

let client: Control;
let tenant: Tenant;
let neighbour: Tenant;

beforeAll(async () => {
  client = openDirectControl(stackConfig({ SANDBOX_OWNER: someOwner() }));
  tenant = await makeTenant(client);
  neighbour = await makeTenant(client);
});
afterAll(async () => {
  for (const { id } of [tenant, neighbour]) await client.destroy(id);
  await client.close();
});

/**
 * Makes `count` attempts; returns the first error and the number of successes before it. All
 * connections are closed again.
 */
async function openMany<T>(count: number, open: () => Promise<T>, close: (one: T) => unknown) {
  const opened: T[] = [];
  try {
    for (let i = 0; i < count; i += 1) opened.push(await open());
    return { count: opened.length, error: null };
  } catch (error) {
    return { count: opened.length, error };
  } finally {
    await Promise.all(opened.map(close));
  }
}

describe('the limit of a sandbox is', () => {
  it('20 connections to Postgres; its neighbour still gets in', async () => {
    const many = await openMany(
      25,
      () => postgresAs(tenant.env),
      async (one) => {
        await (await postgresAs(neighbour.env)).end();
        await one.end();
      },
    );
    expect(many).toMatchObject({ count: 20, error: { code: '53300' } });
  });

  it('20 connections to NATS; its neighbour still gets in', async () => {
    const many = await openMany(
      MAX_CONNECTIONS + 2,
      () => natsAs(tenant.env),
      async (one) => {
        await (await natsAs(neighbour.env)).close();
        await one.close();
      },
    );
    expect(many.count).toBe(MAX_CONNECTIONS);
    expect(many.error).not.toBeNull();
  });

  it('1 GB of temporary space, and it cannot raise that', async () => {
    const sql = await postgresAs(tenant.env);
    onTestFinished(() => sql.end());
    expect((await sql.query('SHOW temp_file_limit')).rows).toEqual([{ temp_file_limit: '1GB' }]);
    await expect(sql.query('SET temp_file_limit = -1')).rejects.toMatchObject({ code: '42501' });
    await sql.query(`SET statement_timeout = '5s'`);
  });
});

describe('code that a tenant stores in its schema', () => {
  it('never runs with the control plane’s rights: status, reset and destroy run none of it', async () => {
    const trap = await makeTenant(client);
    const admin = openAdmin();
    const heard: string[] = [];
    await admin.listen('canary', (user) => heard.push(user));
    const sql = await postgresAs(trap.env);
    await sql.query(`
      CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_notify('canary', current_user); RETURN NULL; END $$;
      CREATE FUNCTION leak() RETURNS int LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_notify('canary', current_user); RETURN 1; END $$;
      DROP TABLE badges; DROP TABLE profiles;
      CREATE VIEW badges AS SELECT leak() AS id;
      CREATE VIEW profiles AS SELECT leak() AS id;
      CREATE TRIGGER t BEFORE TRUNCATE ON communities EXECUTE FUNCTION trap();
      CREATE TRIGGER d BEFORE DELETE ON communities EXECUTE FUNCTION trap();
      CREATE TABLE indexed (x int); CREATE FUNCTION i(int) RETURNS int IMMUTABLE LANGUAGE plpgsql
        AS $$ BEGIN PERFORM pg_notify('canary', current_user); RETURN 1; END $$;
      CREATE INDEX ON indexed (i(x));
      SELECT * FROM badges`);
    await sql.end();
    await until('the canary', () => Promise.resolve(heard.length > 0 || null));
    expect(new Set(heard)).toEqual(new Set([`sandbox_${trap.id}`]));
    heard.length = 0;
    await client.status(trap.id);
    await client.reset(trap.id);
    await client.destroy(trap.id);
    await until(
      'destroyed',
      async () => (await client.get(trap.id)).status === 'destroyed' || null,
    );
    expect(heard).toEqual([]);
  });
});

describe('credentials', () => {
  const opens = {
    DATABASE_URL: async (env: Tenant['env']) => (await postgresAs(env)).end(),
    REDIS_URL: async (env: Tenant['env']) => {
      (await redisAs(env)).disconnect();
    },
    NATS_URL: async (env: Tenant['env']) => (await natsAs(env)).close(),
  };
  const servers = Object.keys(opens) as (keyof typeof opens)[];
  const refusedBy = async (env: Tenant['env']) => {
    for (const name of servers) await expect(opens[name](env), name).rejects.toThrow();
  };

  it('of one sandbox work for no other sandbox and for no role of the services', async () => {
    for (const name of servers) {
      await opens[name](tenant.env);
      const url = new URL(variable(tenant.env, name));
      for (const user of [`sandbox_${neighbour.id}`, 'bd_worker', 'bd_control', 'admin']) {
        url.username = user;
        await expect(opens[name]({ ...tenant.env, [name]: url.href }), user).rejects.toThrow();
      }
    }
  });

  it('work for no database but that of the sandboxes', async () => {
    for (const database of ['postgres', 'template1']) {
      const url = new URL(variable(tenant.env, 'DATABASE_URL'));
      url.pathname = `/${database}`;
      await expect(postgresAs({ DATABASE_URL: url.href })).rejects.toMatchObject({ code: '42501' });
    }
  });

  it('from before a reset fail, and connections made with them are cut', async () => {
    const [sql, redis, nats] = [
      await postgresAs(tenant.env),
      await redisAs(tenant.env),
      await natsAs(tenant.env),
    ];
    await client.reset(tenant.id);
    await soon(() => nats.isClosed());
    await soon(() => redis.status === 'end');
    await expect(sql.query('SELECT 1')).rejects.toThrow();
    await refusedBy(tenant.env);
    const { environment } = await client.connection(tenant.id);
    for (const name of servers) await opens[name](environment);
    tenant = { ...tenant, env: environment };
  });

  it('fail soon after destroy, and open connections on all servers are cut', async () => {
    const doomed = await makeTenant(client);
    const sql = await postgresAs(doomed.env);
    let ended = false;
    sql.on('end', () => (ended = true));
    const [redis, nats] = [await redisAs(doomed.env), await natsAs(doomed.env)];
    const [busy] = [await postgresAs(doomed.env)];
    const running = expect(busy.query('SELECT pg_sleep(20)')).rejects.toThrow();
    const since = performance.now();
    await client.destroy(doomed.id);
    await soon(() => ended && nats.isClosed() && redis.status === 'end');
    const millis = performance.now() - since;
    console.info(`dead on all servers ${millis.toFixed(0)} ms after destroy was asked for`);
    expect(millis).toBeLessThan(10_000);
    await running;
    await refusedBy(doomed.env);
  });
});
