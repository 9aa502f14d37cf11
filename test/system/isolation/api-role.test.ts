/** The role of the API in Postgres: what its statements need, and not one right more. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { newTokenId } from '../../../control/new-token.js';
import { closePostgres, openPostgres, type Sql } from '../../../platform/postgres.js';
import { beginRequest, finishRequest } from '../../../store/requests.js';
import { openApiDatabase, openServices, tokenFor } from '../../support/identity.js';
import { openClient, someGuild, someOwner, stackState } from '../../support/stack.js';

function openAs(url: string): Sql {
  const sql = openPostgres(url, { name: 'test', max: 1 });
  onTestFinished(() => closePostgres(sql));
  return sql;
}

const SHOWN = 'id, kind, owner, sandbox_id, role, scopes, name, created_at, expires_at, revoked_at';

describe('the role of the API', () => {
  it.each(['api', 'client'] as const)('reads tokens but no hash, as %s', async (role) => {
    const { id } = await tokenFor(openServices(), someOwner(), ['sandbox:read']);
    const sql = openAs(stackState().urls[role].database);
    const refused = [
      'SELECT secret_hash FROM sandbox_api_tokens',
      'TABLE sandbox_api_tokens',
      `SELECT count(*) FROM sandbox_api_tokens WHERE secret_hash > '\\x00'`,
      `SELECT sandbox_api_tokens FROM sandbox_api_tokens`,
      `SELECT id FROM sandbox_api_tokens ORDER BY secret_hash`,
      'COPY sandbox_api_tokens TO STDOUT',
      `UPDATE sandbox_api_tokens SET revoked_at = NULL WHERE id = '${id}'`,
      `UPDATE sandbox_api_tokens SET role = 'operator' WHERE id = '${id}'`,
      `DELETE FROM sandbox_api_tokens WHERE id = '${id}'`,
      `SELECT id FROM sandbox_api_tokens FOR UPDATE`,
      `INSERT INTO sandbox_guild_grants (guild_id, owner, granted_by) VALUES ('12345678901234567', 'eve', 'eve')`,
      'DELETE FROM sandbox_guild_grants',
      `UPDATE sandbox_owners SET role = 'operator'`,
      `INSERT INTO sandbox_owners VALUES ('eve', 'operator')`,
      'UPDATE sandbox_token_revision SET revision = 0',
      'TABLE sandbox_requests',
      'DELETE FROM sandbox_requests',
      'TABLE sandbox_commands',
      'DELETE FROM sandbox_audit_log',
      `INSERT INTO sandbox_audit_log (event_type, actor, actor_kind, actor_role, via) VALUES ('token_created', 'a', 'person', 'operator', 'api')`,
      `SELECT sandbox_write_audit(NULL, 'token_created', '{}', '{}')`,
      `SELECT sandbox_require_grants('eve', '[]')`,
      `SELECT sandbox_lock_owner('eve')`,
      `SELECT claim_sandbox('sb0000000000', 'x', 'eve', '[]', false, now(), 1, '{}', 'c', false, 'arrakis')`,
      `SELECT activate_sandbox_routes('sb0000000000')`,
      'ALTER FUNCTION api_token(text) OWNER TO bd_api',
      'GRANT SELECT ON sandbox_api_tokens TO bd_api',
      `ALTER ROLE bd_api SUPERUSER`,
      'SET ROLE bd_control',
      'SET ROLE bd_worker',
      'SET SESSION AUTHORIZATION postgres',
      'CREATE TABLE public.mine (x int)',
      'CREATE SCHEMA mine',
      `SELECT pg_read_file('/etc/passwd')`,
      `COPY (SELECT 1) TO PROGRAM 'true'`,
      'TABLE pg_authid',
    ];
    for (const statement of refused)
      await expect(sql.unsafe(statement), statement).rejects.toMatchObject({ code: '42501' });
    const rows = await sql.unsafe(`SELECT ${SHOWN} FROM sandbox_api_tokens WHERE id = '${id}'`);
    expect(rows).toHaveLength(1);
  });

  it('reads no tenant’s data', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const { id } = await client.create({ ttl: '1h' });
    const sql = openAs(stackState().urls.api.database);
    for (const statement of [
      `TABLE sandbox_${id}.communities`,
      `SELECT count(*) FROM sandbox_${id}.communities`,
      `CREATE TABLE sandbox_${id}.mine (x int)`,
      `DROP SCHEMA sandbox_${id} CASCADE`,
      `SET ROLE sandbox_${id}`,
    ])
      await expect(sql.unsafe(statement), statement).rejects.toMatchObject({ code: '42501' });
    expect(
      await openAs(stackState().urls.admin.database).unsafe(`TABLE sandbox_${id}.communities`),
    ).toEqual([]);
    await client.destroy(id);
  });

  it('alone may ask for a token’s hash, by its id', async () => {
    const { id } = await tokenFor(openServices(), someOwner(), ['sandbox:read']);
    const { urls } = stackState();
    for (const role of ['client', 'worker', 'router'] as const)
      await expect(
        openAs(urls[role].database).unsafe(`SELECT api_token('${id}')`),
        role,
      ).rejects.toMatchObject({ code: '42501' });
    const api = openAs(urls.api.database);
    const [row] = await api.unsafe<{ hash: string }[]>(
      `SELECT api_token('${id}')->>'secretHash' AS hash`,
    );
    expect(row?.hash).toMatch(/^[0-9a-f]{64}$/);
    expect([...(await api.unsafe(`SELECT api_token('%')`))]).toEqual([{ api_token: null }]);
  });

  it('cannot mint for a token that was revoked, for longer than its minter, or for another’s sandbox', async () => {
    const services = openServices();
    const owner = someOwner();
    const parent = await tokenFor(services, owner, ['sandbox:read', 'token:write'], { ttl: '1h' });
    const sandbox = await openClient({ SANDBOX_OWNER: owner }).create({ ttl: '1h' });
    const api = openAs(stackState().urls.api.database);
    const actor = {
      name: owner,
      kind: 'person',
      role: 'developer',
      via: 'api',
      tokenId: parent.id,
    };
    const mint = (change: Record<string, unknown>) => {
      const token = {
        ...{ id: newTokenId(), kind: 'person', owner, sandboxId: null, role: 'developer' },
        ...{ scopes: ['sandbox:read'], name: null, secretHash: 'ab'.repeat(32) },
        ...{ expiresAt: parent.expiresAt, ...change },
      };
      return api`SELECT create_api_token(${JSON.stringify(token)}::text::jsonb,
        ${JSON.stringify(actor)}::text::jsonb) AS created`;
    };
    const bound = { kind: 'sandbox', sandboxId: sandbox.id };
    expect([...(await mint({}))]).toEqual([{ created: true }]);
    expect([...(await mint(bound))]).toEqual([{ created: true }]);
    const later = new Date(Date.parse(parent.expiresAt) + 1_000).toISOString();
    await expect(mint({ expiresAt: later })).rejects.toMatchObject({ code: 'SB010' });
    await expect(mint({ ...bound, owner: 'eve' })).rejects.toMatchObject({ code: 'SB010' });
    for (const wrong of [
      { ...bound, role: 'operator' },
      { kind: 'sandbox' },
      { scopes: [] },
      { secretHash: 'ab' },
      { id: 'a' },
    ])
      await expect(mint(wrong), JSON.stringify(wrong)).rejects.toMatchObject({ code: '23514' });
    await api`SELECT revoke_api_token(${parent.id}, ${JSON.stringify(actor)}::text::jsonb)`;
    await expect(mint({})).rejects.toMatchObject({ code: 'SB010' });
    await openClient({ SANDBOX_OWNER: owner }).destroy(sandbox.id);
  });
});

describe('a request with an Idempotency-Key', () => {
  const keyOf = (more: object = {}) => ({
    ...{ actor: newTokenId(), method: 'POST', path: '/v1/sandboxes', key: someGuild(), ...more },
  });
  const first = { bodyHash: 'aa', commandId: 'one' };

  it('gets the first command’s id again, and the first answer', async () => {
    const database = openApiDatabase();
    const key = keyOf();
    expect(await beginRequest(database, key, first)).toEqual({
      ...{ isNew: true, commandId: 'one', answer: null },
    });
    const again = () => beginRequest(database, key, { bodyHash: 'aa', commandId: 'two' });
    expect(await again()).toEqual({ isNew: false, commandId: 'one', answer: null });
    await finishRequest(database, key, { status: 201, body: { id: 'x', list: [1] } });
    await finishRequest(database, key, { status: 500, body: null });
    const answer = { status: 201, body: { id: 'x', list: [1] } };
    expect(await again()).toEqual({ isNew: false, commandId: 'one', answer });
  });

  it('is made once, however many come at the same moment', async () => {
    const database = openApiDatabase();
    const key = keyOf();
    const begun = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        beginRequest(database, key, { bodyHash: 'aa', commandId: `c${n}` }),
      ),
    );
    expect(begun.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(new Set(begun.map(({ commandId }) => commandId)).size).toBe(1);
  });

  it('with another body is refused; of another actor, method or path it is another request', async () => {
    const database = openApiDatabase();
    const key = keyOf();
    await beginRequest(database, key, first);
    await expect(beginRequest(database, key, { ...first, bodyHash: 'bb' })).rejects.toMatchObject({
      code: 'SANDBOX_014',
      exitCode: 2,
      httpStatus: 422,
    });
    for (const other of [{ actor: 'x' }, { method: 'PUT' }, { path: '/v1/tokens' }])
      expect((await beginRequest(database, { ...key, ...other }, first)).isNew).toBe(true);
  });

  it('is forgotten after 24 h', async () => {
    const database = openApiDatabase();
    const [key, old] = [keyOf(), keyOf()];
    for (const one of [key, old]) await beginRequest(database, one, first);
    const admin = openAs(stackState().urls.admin.database);
    const keys = () =>
      admin`SELECT key FROM sandbox_requests WHERE key IN (${key.key}, ${old.key})`;
    await admin`UPDATE sandbox_requests SET created_at = now() - interval '25 hours'
      WHERE key IN (${key.key}, ${old.key})`;
    const begun = await beginRequest(database, key, { bodyHash: 'bb', commandId: 'two' });
    expect(begun).toEqual({ isNew: true, commandId: 'two', answer: null });
    expect([...(await keys())]).toEqual([{ key: key.key }]);
  });
});
