/** What the services' own roles may do to the control plane; test/stack/roles.test.ts has the rest of their rights. */
import { expect, it } from 'vitest';
import { natsRefusal } from '../stack/ask.js';
import { openAdmin, stackState } from '../support/stack.js';

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

it('the router reads the routes, and nothing of the control plane is its to write or call', async () => {
  expect(await rightsOf('bd_router')).toEqual([
    'SELECT sandbox_migrations',
    'SELECT sandbox_route_version',
    'SELECT sandbox_routes',
  ]);
});

it('the client reads, and writes nothing', async () => {
  const rights = await rightsOf('bd_client');
  expect(rights.filter((right) => !/^(SELECT|EXECUTE) /.test(right))).toEqual([]);
  expect(rights.filter((right) => right.startsWith('EXECUTE'))).toEqual([
    'EXECUTE sandbox_schema_exists',
    'EXECUTE sandbox_schema_name',
    'EXECUTE sandbox_schema_stats',
  ]);
});

it('the worker deletes no sandbox and changes no audit, and owns nothing', async () => {
  const rights = await rightsOf('bd_worker');
  expect(rights).toContain('UPDATE sandboxes');
  for (const right of ['DELETE sandboxes', 'UPDATE sandbox_audit_log', 'DELETE sandbox_audit_log'])
    expect(rights).not.toContain(right);
  expect(rights.filter((right) => /^(CREATE|TEMP|TRUNCATE|TRIGGER) /.test(right))).toEqual([]);
  expect(
    rights.filter((right) => /sandbox_(fence|lock_schema|create_tenant_tables)$/.test(right)),
  ).toEqual([]);
});

it('no role of ours can log in with power over roles, and the one that has it cannot log in', async () => {
  const rows = await openAdmin()`
    SELECT rolname, rolsuper, rolcanlogin FROM pg_roles
    WHERE rolcreaterole AND rolname ~ '^(bd_|sandbox_)'`;
  expect(rows).toEqual([{ rolname: 'bd_control', rolsuper: false, rolcanlogin: false }]);
});

const SERVICES = ['router', 'worker', 'client'] as const;

it.each(SERVICES)('%s hears the answers to nobody but itself', async (role) => {
  const url = stackState().urls[role].nats;
  const others = SERVICES.filter((other) => other !== role);
  for (const subject of ['_INBOX.>', ...others.map((other) => `_INBOX_bd_${other}.>`)]) {
    expect(await natsRefusal(url, (nc) => void nc.subscribe(subject))).toBe(subject);
  }
  expect(await natsRefusal(url, (nc) => void nc.subscribe(`_INBOX_bd_${role}.>`))).toBeNull();
});
