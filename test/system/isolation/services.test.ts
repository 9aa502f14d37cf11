/**
 * The rights of the services' roles on the control plane. test/system/stack/roles.test.ts has their
 * other rights.
 */
import { describe, expect, it, onTestFinished } from 'vitest';
import { openDirectControl } from '../../../control/direct-control.js';
import { delay } from '../../../platform/deadline.js';
import { STREAMS } from '../../../routing/subjects.js';
import { closeNats, openNats } from '../../../platform/nats.js';
import { readLogEntries, streamFacts } from '../../../routing/routed-log.js';
import { routerBucket } from '../../../routing/router-bucket.js';
import { PositionReader } from '../../../router/position/position.js';
import { natsRefusal, withNats, withPostgres } from '../stack/ask.js';
import {
  openAdmin,
  openClient,
  someGuild,
  someOwner,
  stackConfig,
  stackState,
  until,
} from '../../support/stack.js';

interface Right {
  readonly object: string;
  readonly right: string;
}

async function rightsOf(role: string): Promise<string[]> {
  const rows = await openAdmin()<Right[]>`
    SELECT relname AS object, p AS right
      FROM pg_class, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) p
      WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm', 'p')
        AND has_table_privilege(${role}, oid, p)
    UNION ALL SELECT proname, 'EXECUTE' FROM pg_proc
      WHERE pronamespace = 'public'::regnamespace AND has_function_privilege(${role}, oid, 'EXECUTE')
    UNION ALL SELECT 'public', p FROM unnest(ARRAY['CREATE']) p
      WHERE has_schema_privilege(${role}, 'public', p)
    UNION ALL SELECT current_database(), p FROM unnest(ARRAY['CREATE', 'TEMP']) p
      WHERE has_database_privilege(${role}, current_database(), p)`;
  return rows.map(({ object, right }) => `${right} ${object}`).sort();
}

it('the router reads the routes, and may not write to or call the control plane', async () => {
  expect(await rightsOf('bd_router')).toEqual([
    'SELECT sandbox_addressees',
    'SELECT sandbox_installation',
    'SELECT sandbox_migrations',
    'SELECT sandbox_route_version',
    'SELECT sandbox_routes',
  ]);
});

/** Each checks and audits what it changes (sql/055_templates.sql, sql/100_identity.sql). */
const AUDITED_CHANGES = [
  'EXECUTE create_api_token',
  'EXECUTE grant_guild',
  'EXECUTE put_template',
  'EXECUTE remove_template',
  'EXECUTE revoke_api_token',
  'EXECUTE revoke_guild_grant',
];

it('the client reads, and writes no row but by the functions for tokens, grants, roles and templates', async () => {
  const rights = await rightsOf('bd_client');
  expect(rights.filter((right) => !/^(SELECT|EXECUTE) /.test(right))).toEqual([]);
  expect(rights.filter((right) => right.startsWith('EXECUTE'))).toEqual([
    ...AUDITED_CHANGES,
    'EXECUTE sandbox_schema_exists',
    'EXECUTE sandbox_schema_name',
    'EXECUTE sandbox_schema_stats',
    'EXECUTE set_owner_role',
  ]);
});

it('the worker deletes no sandbox, changes no audit entry, and owns nothing', async () => {
  const rights = await rightsOf('bd_worker');
  expect(rights).toContain('UPDATE sandboxes');
  for (const right of ['DELETE sandboxes', 'UPDATE sandbox_audit_log', 'DELETE sandbox_audit_log'])
    expect(rights).not.toContain(right);
  expect(rights.filter((right) => /^(CREATE|TEMP|TRUNCATE|TRIGGER) /.test(right))).toEqual([]);
  expect(
    rights.filter((right) => /sandbox_(fence|lock_schema|create_tenant_tables)$/.test(right)),
  ).toEqual([]);
});

it('no role of ours has both a login and power over roles', async () => {
  const rows = await openAdmin()`
    SELECT rolname, rolsuper, rolcanlogin FROM pg_roles
    WHERE rolcreaterole AND rolname ~ '^(bd_|sandbox_)' ORDER BY rolname`;
  const keepers = Array.from({ length: 16 }, (_, n) => `bd_keeper_${n.toString(16)}`);
  expect(rows).toEqual(
    ['bd_control', ...keepers].map((rolname) => ({ rolname, rolsuper: false, rolcanlogin: false })),
  );
});

it('only bd_control uses the keepers’ copies of its functions', async () => {
  const granted = await openAdmin()`
    SELECT p.oid::regprocedure::text AS name, a.grantee::regrole::text AS to
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace,
      aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    WHERE n.nspname LIKE 'bd_keeper_%' AND a.grantee NOT IN (p.proowner, 'bd_control'::regrole)`;
  expect(granted).toEqual([]);
  await withPostgres(stackState().urls.worker.database, async (sql) => {
    for (const statement of [
      `SELECT bd_keeper_0.drop_sandbox_schema('sb0000000000')`,
      `SELECT public.sandbox_lend('sb0000000000', 'bd_worker')`,
      `CALL public.sandbox_spread_over_keepers('public.sandbox_lend(text, text)')`,
      'SET ROLE bd_keeper_0',
      'CREATE TABLE bd_keeper_0.mine (x int)',
    ])
      await expect(sql.unsafe(statement), statement).rejects.toMatchObject({ code: '42501' });
  });
});

it('the router may read everything that its position needs', async () => {
  const { urls } = stackState();
  await withNats(urls.router.nats, async (nc) => {
    const { firstSequence, lastSequence } = await streamFacts(nc, STREAMS.routed);
    const range = { from: Math.max(firstSequence, lastSequence - 600), to: lastSequence };
    const entries = await readLogEntries(nc, STREAMS.routed, range);
    expect(entries.at(-1)?.sequence).toBe(lastSequence);
    const position = await new PositionReader(nc, routerBucket(nc), STREAMS).resolve();
    expect(position.position.sequence).toBeGreaterThanOrEqual(lastSequence);
  });
});

const READS_OF_THE_API = [
  'SELECT sandbox_audit_log',
  'SELECT sandbox_guild_grants',
  'SELECT sandbox_guild_mapping',
  'SELECT sandbox_installation',
  'SELECT sandbox_owners',
  'SELECT sandbox_templates',
  'SELECT sandbox_token_revision',
  'SELECT sandboxes',
];

describe('the role of the REST API', () => {
  it('reads rows; it writes no row, makes no schema, and may not call such functions', async () => {
    expect(await rightsOf('bd_api')).toEqual([
      'EXECUTE api_token',
      'EXECUTE begin_request',
      'EXECUTE create_api_token',
      'EXECUTE finish_request',
      'EXECUTE grant_guild',
      'EXECUTE put_template',
      'EXECUTE record_credentials_read',
      'EXECUTE remove_template',
      'EXECUTE revoke_api_token',
      'EXECUTE revoke_guild_grant',
      'EXECUTE set_owner_role',
      'EXECUTE touch_api_token',
      ...READS_OF_THE_API,
    ]);
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id } = await client.create({ ttl: '1h' });
    await withPostgres(stackState().urls.api.database, async (sql) => {
      const refused = [
        `UPDATE sandboxes SET status = 'expired' WHERE id = '${id}'`,
        `INSERT INTO sandbox_guild_mapping VALUES ('12345678901234567', '${id}')`,
        'DELETE FROM sandbox_audit_log',
        'CREATE SCHEMA mine',
        'CREATE TABLE public.t (x int)',
        'CREATE TEMP TABLE t (x int)',
        `TABLE sandbox_${id}.communities`,
        'TABLE sandbox_routes',
        `SELECT provision_sandbox('${id}', 'x')`,
        `SELECT drop_sandbox_schema('${id}')`,
        `SELECT tables FROM sandbox_schema_stats('${id}')`,
        `SELECT sandbox_schema_exists('${id}')`,
        'SET ROLE bd_control',
        `SET ROLE sandbox_${id}`,
      ];
      for (const statement of refused)
        await expect(sql.unsafe(statement), statement).rejects.toMatchObject({ code: '42501' });
      const [row] = await sql`SELECT id FROM sandboxes WHERE id = ${id}`;
      expect(row?.id).toBe(id);
    });
    // What the schema holds, `bd` may count.
    await withPostgres(stackState().urls.client.database, async (sql) => {
      const [stats] = await sql`SELECT tables FROM sandbox_schema_stats(${id})`;
      expect(Number(stats?.tables)).toBe(3);
    });
    await client.destroy(id);
  });

  it('suffices for get, list, status and audit of the client', async () => {
    const { urls, temporal } = stackState();
    const worker = openClient({ SANDBOX_OWNER: someOwner() });
    const made = await worker.create({ ttl: '1h', guildIds: [someGuild()] });
    const env = {
      SANDBOX_OWNER: made.owner,
      TEMPORAL_ADDRESS: temporal.address,
      SANDBOX_CONTROL_DATABASE_URL: urls.api.database,
      SANDBOX_CONTROL_REDIS_URL: urls.api.redis,
      SANDBOX_CONTROL_NATS_URL: urls.api.nats,
    };
    const api = openDirectControl(stackConfig(env), { role: 'api' });
    onTestFinished(() => api.close());
    expect(await api.get(made.id)).toEqual(made);
    expect(await api.list({ owner: made.owner })).toEqual([made]);
    expect((await api.audit(made.id)).length).toBeGreaterThan(0);
    expect(await api.status(made.id)).toMatchObject({ health: 'healthy', eventsWaiting: 0 });
    // A worker has looked: the API's own logins may not.
    const { checks } = await openClient(env).status(made.id);
    expect(checks.map(({ name, state }) => [name, state])).toEqual([
      ['workflow', 'ok'],
      ['postgres-schema', 'error'],
      ['redis-keyspace', 'error'],
      ['nats-subjects', 'error'],
      ['guild-routes', 'error'],
    ]);
    await worker.destroy(made.id);
  });

  it('cannot make the server store an answer, whatever reply subject it names', async () => {
    const { urls } = stackState();
    const admin = await openNats(urls.admin.nats, 'test');
    onTestFinished(() => closeNats(admin));
    const jsm = await admin.jetstreamManager();
    const forged = async () => {
      const { state } = await jsm.streams.info('ROUTED', { subjects_filter: '>' });
      return Object.keys(state.subjects ?? {}).filter((subject) => subject.endsWith('.api-forged'));
    };
    const heard: string[] = [];
    admin.subscribe('router.fence', { callback: (_, { subject }) => heard.push(subject) });
    await admin.flush();
    await withNats(urls.api.nats, async (nc) => {
      for (const ask of ['SB.API.STREAM.INFO.ROUTED', 'SB.API.STREAM.MSG.GET.ROUTED'])
        for (const reply of ['events.api-forged', 'sandbox.x.events.api-forged', 'router.fence'])
          nc.publish(ask, '', { reply });
      await nc.flush();
      const { data } = await nc.request('SB.API.STREAM.INFO.ROUTED');
      expect(Buffer.from(data).toString()).toContain('"name":"ROUTED"');
    });
    await delay(200);
    expect(await forged()).toEqual([]);
    expect(heard).toEqual([]);
    // The positive control: a user of JetStream's own account can. (Not in ROUTED: the chain would
    // break.)
    await jsm.streams.add({ name: 'FORGED', subjects: ['forged.>'] });
    onTestFinished(() => jsm.streams.delete('FORGED').then(() => undefined));
    admin.publish('$JS.API.STREAM.INFO.ROUTED', '', { reply: 'forged.api-forged' });
    await until(
      'the forgery',
      async () => (await jsm.streams.info('FORGED')).state.messages > 0 || null,
    );
  });
});

const SERVICES = ['router', 'worker', 'client'] as const;

it.each(SERVICES)('%s receives only answers to itself', async (role) => {
  const url = stackState().urls[role].nats;
  const others = SERVICES.filter((other) => other !== role);
  for (const subject of ['_INBOX.>', ...others.map((other) => `_INBOX_bd_${other}.>`)]) {
    expect(await natsRefusal(url, (nc) => void nc.subscribe(subject))).toBe(subject);
  }
  expect(await natsRefusal(url, (nc) => void nc.subscribe(`_INBOX_bd_${role}.>`))).toBeNull();
});
