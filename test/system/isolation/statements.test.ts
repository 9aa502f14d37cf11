/** A failing statement reports the server's message, and never its own text or parameters. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseGuildId } from '../../../domain/guild.js';
import { parseSandboxId, workflowId } from '../../../domain/names.js';
import { inDatabase, openDatabase, type Database } from '../../../store/database.js';
import { auditOf } from '../../../store/audit.js';
import { addGuild, mappingOf } from '../../../store/guild-mappings.js';
import { getSandbox } from '../../../store/sandboxes.js';
import { bd } from '../../support/bd.js';
import { pageOf } from '../../support/scrape.js';
import {
  openAdmin,
  openClient,
  someGuild,
  someName,
  someOwner,
  stackState,
} from '../../support/stack.js';
import { openRunTemporal } from '../../support/temporal.js';
import { directActor } from '../../../domain/actor.js';
import { runHome } from '../../support/run-home.js';

/** The start of Drizzle's message, its name for parameters, and any statement. */
const STATEMENT =
  /Failed query|params:|insert into|select "|update "|delete from|"sandbox_guild_mapping"/i;
const SAID = 'planted failure';

/** Makes the database refuse to activate this guild's mapping. */
async function refuse(guildId: string): Promise<void> {
  const sql = openAdmin();
  const name = `refuse_${guildId}`;
  await sql.unsafe(`
    CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE '${SAID}'; END $$;
    CREATE TRIGGER ${name} BEFORE INSERT OR UPDATE ON sandbox_guild_mapping FOR EACH ROW
      WHEN (NEW.active AND NEW.guild_id = '${guildId}') EXECUTE FUNCTION ${name}()`);
  onTestFinished(async () => {
    await sql.unsafe(`DROP FUNCTION ${name} CASCADE`);
  });
}

/** Lines of the worker's log since `from`. */
const logSince = (from: number): string =>
  readFileSync(join(runHome(), 'log/worker.log')).subarray(from).toString();

async function historyOf(sandboxId: string): Promise<string> {
  const { client } = await openRunTemporal();
  const handle = client.workflow.getHandle(workflowId(parseSandboxId(sandboxId)));
  // Payloads are bytes.
  return JSON.stringify(await handle.fetchHistory(), (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString() : value,
  );
}

describe('a failing statement of the worker', () => {
  it('appears in no answer, history, audit, log or metric', async () => {
    const logged = statSync(join(runHome(), 'log/worker.log')).size;
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const [first, second] = [someGuild(), someGuild()];
    await refuse(first);
    await refuse(second);

    const names = [someName(), someName()] as const;
    const [told, caught] = await Promise.all([
      bd(['sandbox', 'create', names[0], '--guild', first], { LOG_LEVEL: 'debug' }),
      client.create({ name: names[1], guildIds: [second] }).then(
        () => 'created',
        (error: unknown) => inspect(error, { depth: null, showHidden: true }),
      ),
    ]);
    expect(told.code).not.toBe(0);
    const failed = (await client.list({ all: true })).filter(({ name }) => names.includes(name));
    expect(failed).toHaveLength(2);
    const histories = await Promise.all(failed.map(({ id }) => historyOf(id)));
    const logs = await bd(['sandbox', 'logs', failed[0]?.id ?? '', '--json']);
    const said = [told.stdout + told.stderr, caught, ...histories, logs.stdout];
    for (const text of said) expect(text).toContain(SAID);
    const metrics = await (await fetch(await pageOf('worker'))).text();
    for (const text of [...said, metrics, logSince(logged)]) expect(text).not.toMatch(STATEMENT);
  });
});

describe('a failing statement of `bd`', () => {
  /** A database without our tables. */
  const elsewhere = (): string => {
    const url = new URL(stackState().urls.admin.database);
    url.pathname = '/postgres';
    return url.href;
  };

  it.each([[[]], [['--json']]])('does not appear in its output (%j)', async (more) => {
    const env = { SANDBOX_CONTROL_DATABASE_URL: elsewhere(), LOG_LEVEL: 'debug' };
    const told = await bd(['sandbox', 'list', '--owner', 'planted-owner', ...more], env);
    expect(told.code).not.toBe(0);
    expect(told.stderr).toMatch(/relation .* does not exist/);
    expect(told.stdout + told.stderr).not.toMatch(/Failed query|params|select |planted-owner/i);
  });

  it.each<[string, (database: Database) => Promise<unknown>]>([
    ['a row', (database) => getSandbox(database, parseSandboxId('sbplanted000'))],
    ['a mapping', (database) => mappingOf(database, parseGuildId('99999999999999999'))],
    ['the audit', (database) => auditOf(database, parseSandboxId('sbplanted000'))],
    [
      'a transaction',
      (database) =>
        addGuild(
          database,
          {
            command: {
              ...{ commandId: 'planted-command', action: 'registerGuild' },
              sandboxId: parseSandboxId('sbplanted000'),
              actor: directActor('planted-actor'),
              args: { guildId: parseGuildId('99999999999999999') },
            },
            isExpired: false,
          },
          'any',
        ),
    ],
  ])('leaves no trace of it on the error, hidden ones included: %s', async (_, ask) => {
    const database = openDatabase(elsewhere(), { name: 'test', max: 1 });
    const error: unknown = await ask(database).then(
      () => null,
      (reason: unknown) => reason,
    );
    await database.close();
    expect(error).toMatchObject({
      code: 'SANDBOX_009',
      cause: { name: 'PostgresFailure', code: '42P01' },
    });
    const seen = inspect(error, { depth: null, showHidden: true });
    expect(seen).not.toMatch(/planted|9{17}|select |from "|Failed query/i);
  });

  it('does not show a value that the server refuses', async () => {
    const database = openDatabase(stackState().urls.admin.database, { name: 'test', max: 1 });
    const error: unknown = await inDatabase(
      () => database.sql`SELECT ${'planted-value'}::text::int`,
    ).catch((reason: unknown) => reason);
    await database.close();
    expect(error).toMatchObject({ message: 'Postgres refuses a value (22P02)' });
    expect(inspect(error, { depth: null, showHidden: true })).not.toMatch(/planted-value/);
  });
});
