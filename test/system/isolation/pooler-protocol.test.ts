/**
 * The bytes of our sessions from a pooler's view: a fake pooler passes and reads them. The real
 * PgBouncer is in pooler.tools.test.ts, for machines that have it.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openContext } from '../../../context/index.js';
import { closePostgres, openPostgres } from '../../../platform/postgres.js';
import { openClient, someOwner, stackState } from '../../support/stack.js';

/** The parameters that PgBouncer accepts at the start (its manual, `ignore_startup_parameters`). */
const TAKEN = [
  ...['user', 'database', 'application_name', 'client_encoding'],
  ...['DateStyle', 'TimeZone', 'standard_conforming_strings'],
];

interface FakePooler {
  readonly port: number;
  /** Parameters at the start of the sessions. */
  readonly parameters: Set<string>;
  /** Names of prepared statements. The unnamed one lives for a transaction only. */
  readonly statements: Set<string>;
}

async function startFakePooler(target: number): Promise<FakePooler> {
  const parameters = new Set<string>();
  const statements = new Set<string>();
  const server = createServer((client) => {
    const behind = connect(target, '127.0.0.1');
    for (const socket of [client, behind]) socket.on('error', () => undefined);
    behind.pipe(client);
    let begun = false;
    let rest = Buffer.alloc(0);
    client.on('data', (chunk: Buffer) => {
      behind.write(chunk);
      rest = Buffer.concat([rest, chunk]);
      // A message has type, length and body. The first one has no type.
      for (;;) {
        const at = begun ? 1 : 0;
        const length = rest.length < at + 4 ? Infinity : rest.readInt32BE(at);
        if (rest.length < at + length) return;
        const [type, body] = [rest.toString('latin1', 0, at), rest.subarray(at + 4, at + length)];
        rest = rest.subarray(at + length);
        if (!begun) {
          const words = body.toString('utf8', 4).split('\0');
          for (let i = 0; i < words.length - 1; i += 2)
            if (words[i] !== '') parameters.add(words[i] ?? '');
        } else if (type === 'P') statements.add(body.toString('utf8', 0, body.indexOf(0)));
        begun = true;
      }
    });
    client.on('close', () => behind.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, parameters, statements };
}

describe('a pooler sees nothing that it would refuse or lose', () => {
  it('of a bot', async () => {
    const pooler = await startFakePooler(Number(new URL(stackState().urls.admin.database).port));
    const client = openClient({
      SANDBOX_OWNER: someOwner(),
      SANDBOX_TENANT_DATABASE_URL: `postgres://127.0.0.1:${pooler.port}/sandboxes?pgbouncer=true`,
    });
    const { id } = await client.create({ ttl: '1h' });
    const { environment } = await client.connection(id);
    const context = await openContext(environment);
    const [row] = await context.withSchema(
      (sql) =>
        sql`INSERT INTO communities (name) VALUES (${'mine'}) RETURNING current_schema() AS s`,
    );
    expect(row).toEqual({ s: environment.SANDBOX_SCHEMA });
    expect(await context.sql`SELECT name FROM communities WHERE name = ${'mine'}`).toHaveLength(1);
    await context.close();
    expect(pooler.parameters.size).toBeGreaterThan(2);
    expect([...pooler.parameters].filter((name) => !TAKEN.includes(name))).toEqual([]);
    expect([...pooler.statements]).toEqual(['']);
    await client.destroy(id);
  });

  it('of a service', async () => {
    const url = new URL(stackState().urls.worker.database);
    const pooler = await startFakePooler(Number(url.port));
    url.port = String(pooler.port);
    const sql = openPostgres(`${url.href}?pgbouncer=true`, { name: 'test', max: 1 });
    expect(await sql`SELECT ${1}::int AS one`).toEqual([{ one: 1 }]);
    await closePostgres(sql);
    expect(pooler.parameters).toContain('DateStyle');
    expect([...pooler.parameters].filter((name) => !TAKEN.includes(name))).toEqual([]);
    expect([...pooler.statements]).toEqual(['']);
  });
});
