/**
 * A real PgBouncer in transaction mode between Postgres and services, client and bot. Needs the
 * program pgbouncer (npm run test:deploy).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openContext } from '../../../context/index.js';
import { parseSandboxId } from '../../../domain/names.js';
import { closePostgres, openPostgres } from '../../../platform/postgres.js';
import { auditOf } from '../../../store/audit.js';
import { openDatabase } from '../../../store/database.js';
import { extendSandbox } from '../../../store/commands.js';
import { getSandbox } from '../../../store/sandboxes.js';
import { commandOf, verified } from '../../support/commands.js';
import { startPooler, type Pooler } from '../../support/pooler.js';
import { openClient, someOwner, stackState } from '../../support/stack.js';

const HOUR = 3_600_000;

describe('behind PgBouncer in transaction mode', () => {
  let pooler: Pooler;
  let owner: ReturnType<typeof openClient>;
  let tenants: { id: string; env: Readonly<Record<string, string>> }[] = [];
  const through = (url: string, more = ''): string =>
    `${url.replace(/@127\.0\.0\.1:[0-9]+/, `@127.0.0.1:${pooler.port}`)}${more}`;

  beforeAll(async () => {
    const { openDirectControl } = await import('../../../control/direct-control.js');
    const { stackConfig } = await import('../../support/stack.js');
    owner = openDirectControl(stackConfig({ SANDBOX_OWNER: someOwner() }));
    const { urls } = stackState();
    const users: Record<string, string> = {};
    for (let n = 0; n < 2; n += 1) {
      const { id } = await owner.create({ ttl: '1h' });
      const { environment: env } = await owner.connection(id);
      tenants.push({ id, env });
    }
    const all = [urls.worker, urls.client, urls.admin].map(({ database }) => database);
    for (const url of [...all, ...tenants.map(({ env }) => env.DATABASE_URL ?? '')]) {
      const { username, password } = new URL(url);
      users[username] = password;
    }
    pooler = await startPooler(Number(new URL(urls.admin.database).port), users);
  });
  afterAll(async () => {
    for (const { id } of tenants) await owner.destroy(id);
    await owner.close();
    await pooler.close();
    tenants = [];
  });

  it('a worker’s statements read and write the same times, even if the role’s settings are German', async () => {
    const { urls } = stackState();
    const admin = openPostgres(urls.admin.database, { name: 'test', max: 1 });
    const [tenant] = tenants;
    const id = parseSandboxId(tenant?.id);
    await admin.unsafe(`ALTER ROLE bd_worker IN DATABASE sandboxes SET DateStyle = 'German'`);
    const database = openDatabase(through(urls.worker.database, '?pgbouncer=true'), {
      ...{ name: 'test', max: 10 },
    });
    try {
      const rows = await Promise.all(Array.from({ length: 30 }, () => getSandbox(database, id)));
      const direct = await owner.get(id);
      for (const row of rows) expect(row?.expiresAt.toISOString()).toBe(direct.expiresAt);
      const to = Date.parse(direct.expiresAt) + HOUR;
      const command = verified(commandOf('extend', id, { byMs: HOUR, clamp: false }));
      const bounds = { now: Date.now(), maxMs: 24 * HOUR };
      expect(await extendSandbox(database, command, bounds)).toEqual({
        ...{ expiresAt: to, clamped: false },
      });
      expect(Date.parse((await owner.get(id)).expiresAt)).toBe(to);
      const age = Date.now() - ((await auditOf(database, id))[0]?.createdAt.getTime() ?? 0);
      expect(Math.abs(age)).toBeLessThan(HOUR);
    } finally {
      await database.close();
      await admin.unsafe(`ALTER ROLE bd_worker IN DATABASE sandboxes SET DateStyle = 'ISO, MDY'`);
      await closePostgres(admin);
    }
  });

  it('`connect` prints its address, and two bots behind it never see each other’s schema', async () => {
    const client = openClient({
      SANDBOX_TENANT_DATABASE_URL: `postgres://127.0.0.1:${pooler.port}/sandboxes?pgbouncer=true`,
    });
    const environments = await Promise.all(
      tenants.map(async ({ id }) => (await client.connection(id)).environment),
    );
    for (const { DATABASE_URL: url = '' } of environments) {
      expect(new URL(url).port).toBe(String(pooler.port));
      expect(url).toContain('pgbouncer=true');
    }
    const contexts = await Promise.all(environments.map((env) => openContext(env)));
    try {
      const rounds = Array.from({ length: 40 }, (_, n) => n);
      await Promise.all(
        contexts.flatMap((context, i) =>
          rounds.map(async (n) => {
            // A bot's own SET stays for the next user of the session.
            if (n % 7 === 0) await context.sql`SET search_path = pg_catalog`;
            await context.withSchema(
              (sql) => sql`INSERT INTO communities (name) VALUES (${`${i}-${n}`})`,
            );
            const [row] = await context.withSchema(
              (sql) => sql<{ schema: string; foreign: string }[]>`
                SELECT current_schema() AS schema,
                  count(*) FILTER (WHERE name NOT LIKE ${`${i}-%`}) AS foreign FROM communities`,
            );
            expect(row).toEqual({ schema: environments[i]?.SANDBOX_SCHEMA, foreign: '0' });
          }),
        ),
      );
      for (const { sql } of contexts.slice(0, 1)) {
        const [row] = await sql<
          { t: Date }[]
        >`SELECT ${new Date(1_700_000_000_000)}::timestamptz AS t`;
        expect(row?.t.getTime()).toBe(1_700_000_000_000);
      }
    } finally {
      await Promise.all(contexts.map((context) => context.close()));
    }
  });

  it('a client lists, extends and asks for a status', async () => {
    const [, tenant] = tenants;
    const id = tenant?.id ?? '';
    const { urls } = stackState();
    const client = openClient({
      SANDBOX_CONTROL_DATABASE_URL: through(urls.client.database, '?pgbouncer=true'),
    });
    const before = await client.get(id);
    expect((await client.list()).some((one) => one.id === id)).toBe(true);
    const { expiresAt } = await client.extend(id, '1h');
    expect(expiresAt).toBe(Date.parse(before.expiresAt) + HOUR);
    expect(await client.status(id)).toMatchObject({ health: 'healthy' });
  });
});
