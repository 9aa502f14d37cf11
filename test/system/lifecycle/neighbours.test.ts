/**
 * Different keepers own the roles of sandboxes (sql/070_removal.sql). Grants between two sandboxes
 * must end with either of them.
 */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { parseSandboxId, schemaName, type SandboxId } from '../../../domain/names.js';
import { postgresAs } from '../isolation/tenants.js';
import { leftoversOf } from '../../support/leftovers.js';
import { openAdmin, openClient, someName, someOwner, stackState } from '../../support/stack.js';

/** Sandboxes of three different keepers. */
function someIds(): SandboxId[] {
  const byKeeper = new Map<string, SandboxId>();
  while (byKeeper.size < 3) {
    const id = parseSandboxId(`sb${someName().slice(5, 15)}`);
    byKeeper.set(createHash('md5').update(id).digest('hex').slice(0, 1), id);
  }
  return [...byKeeper.values()];
}

it('sandboxes that granted each other everything are reset, and destroyed at once', async () => {
  const client = openClient({ SANDBOX_OWNER: someOwner() });
  const admin = openAdmin();
  const ids = someIds();
  for (const sandboxId of ids) await client.create({ sandboxId, ttl: '1h' });
  for (const id of ids) {
    const { environment } = await client.connection(id);
    const session = await postgresAs(environment);
    for (const other of ids.filter((neighbour) => neighbour !== id).map(schemaName))
      await session.query(`
        GRANT ALL ON ALL TABLES IN SCHEMA ${schemaName(id)} TO ${other};
        GRANT SELECT (name) ON communities TO ${other};
        CREATE SEQUENCE IF NOT EXISTS s; GRANT USAGE ON SEQUENCE s TO ${other};
        CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
        GRANT EXECUTE ON FUNCTION f() TO ${other};
        ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO ${other}`);
    await session.end();
  }
  const [first] = ids;
  const grants = () => admin`
    SELECT count(*)::int AS n FROM pg_shdepend
    WHERE refobjid = ${schemaName(first as SandboxId)}::regrole AND deptype = 'a'
      AND classid IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_default_acl'::regclass)`;
  expect(await grants()).not.toEqual([{ n: 0 }]);
  await client.reset(first as SandboxId);
  expect(await grants()).toEqual([{ n: 0 }]);
  await Promise.all(ids.map((id) => client.destroy(id)));
  for (const id of ids) {
    await client.waitUntilDestroyed(id);
    expect(await leftoversOf(stackState().urls.admin, id)).toEqual([]);
  }
  // The rights that were lent for the removal are taken back.
  const lent = await admin`
    SELECT m.roleid::regrole::text AS role FROM pg_auth_members m
    WHERE m.member::regrole::text ~ '^bd_keeper_' AND m.roleid::regrole::text ~ '^sandbox_sb'
      AND sandbox_keeper(substr(m.roleid::regrole::text, 9)) <> m.member::regrole::text`;
  expect(lent).toEqual([]);
});
