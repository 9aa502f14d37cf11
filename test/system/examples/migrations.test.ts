/**
 * The commands of docs/templates.md for each migration tool, typed as that page says. Alembic needs
 * Python 3.11.3 with venv, and a package index; if it cannot run, its test's name and a warning give
 * the reason. Prisma's engine is a download of its own, so only the SQL of its migration runs.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Control } from '../../../domain/control.js';
import { closePostgres, openPostgres } from '../../../platform/postgres.js';
import { projectRoot } from '../../../platform/project-root.js';
import { bd } from '../../support/bd.js';
import { linesOf } from '../../support/documented.js';
import { preparePython } from '../../support/python.js';
import { openClient, someName, someOwner } from '../../support/stack.js';

const PAGE = 'docs/templates.md';
const folder = join(projectRoot(), 'examples/migrations');
const python = preparePython(join(folder, 'alembic/requirements.txt'));
afterAll(() => {
  python.remove();
});
if (python.missing !== null) console.warn(`NOT RUN: Alembic's migrations (${python.missing}).`);

/** The command of the page's `--then`, with the interpreter of this run. */
function commandOf(section: string): string {
  const line = linesOf(PAGE, section).find((text) => text.includes('--then'));
  const [, command] = /^bd sandbox create my-fix --template empty --then '(.*)'$/.exec(line ?? '')!;
  return (command ?? '').replaceAll('.venv/bin', dirname(python.path ?? ''));
}

/** The output that the page shows below the command. */
function outputOf(section: string): string {
  const [, text = ''] = readFileSync(join(projectRoot(), PAGE), 'utf8').split(`\n### ${section}\n`);
  const [, output = ''] = /```console\n\$ bd .*\n([^]*?)\n```/.exec(text) ?? [];
  expect(output).not.toBe('');
  return output;
}

/** A new sandbox of a new owner, in which `command` ran. */
async function created(command: string): Promise<{ name: string; client: Control; said: string }> {
  const [name, owner] = [someName(), someOwner()];
  const client = openClient({ SANDBOX_OWNER: owner });
  const args = ['sandbox', 'create', name, '--template', 'empty', '--then', command];
  const { code, stdout, stderr } = await bd(args, { SANDBOX_OWNER: owner });
  onTestFinished(() => client.destroy(name).then(() => undefined));
  expect(code, stderr).toBe(0);
  expect(stdout).toContain(`name     ${name}`);
  return { name, client, said: stderr };
}

/** The tables of the sandbox's schema. A ban without its member is refused. */
async function tablesOf(client: Control, name: string): Promise<string[]> {
  const { environment } = await client.connection(name);
  const sql = openPostgres(environment.DATABASE_URL ?? '', { name: 'test', max: 1 });
  try {
    await expect(
      sql`INSERT INTO warnings (member_id, severity) VALUES (7, 'ban')`,
    ).rejects.toMatchObject({ code: '23503' });
    const rows = await sql<{ name: string }[]>`
      SELECT tablename AS name FROM pg_tables
      WHERE schemaname = ${environment.SANDBOX_SCHEMA ?? ''} ORDER BY 1`;
    return rows.map((row) => row.name);
  } finally {
    await closePostgres(sql);
  }
}

interface Tool {
  readonly section: string;
  /** Tables in which it records what ran. */
  readonly own: readonly string[];
  /** Printed by a second run, which finds nothing to do. */
  readonly again: RegExp;
  readonly missing: string | null;
}

const TOOLS: readonly Tool[] = [
  {
    section: 'Knex',
    own: ['knex_migrations', 'knex_migrations_lock'],
    again: /^Already up to date$/m,
    missing: null,
  },
  {
    section: 'Alembic',
    own: ['alembic_version'],
    again: /^0001 \(head\)$/m,
    missing: python.missing,
  },
  { section: 'Drizzle', own: ['__drizzle_migrations'], again: /^applied: 0$/m, missing: null },
];

describe('migrations, by the command of the page', () => {
  for (const { section, own, again, missing } of TOOLS)
    (missing === null ? it : it.skip)(
      `of ${section} make the schema, and run once${missing === null ? '' : ` (not run: ${missing})`}`,
      async () => {
        const command = commandOf(section);
        const { name, client, said } = await created(command);
        for (const line of outputOf(section).split('\n')) expect(said).toContain(line);
        expect(await tablesOf(client, name)).toEqual(['members', 'warnings', ...own].sort());
        const second = section === 'Alembic' ? command.replace('upgrade head', 'current') : command;
        const repeated = await bd([
          'sandbox',
          'exec',
          name,
          '--',
          'sh',
          '-c',
          `${command} && ${second}`,
        ]);
        expect(repeated).toMatchObject({ code: 0 });
        expect(repeated.stdout).toMatch(again);
      },
    );

  it('of Drizzle need the program of the page: its own migrate() is refused', async () => {
    const script = `
      import { drizzle } from 'drizzle-orm/postgres-js';
      import { migrate } from 'drizzle-orm/postgres-js/migrator';
      import postgres from 'postgres';
      const sql = postgres(process.env.DATABASE_URL, { max: 1 });
      const migrationsFolder = 'examples/migrations/drizzle/migrations';
      const migrationsSchema = process.env.SANDBOX_SCHEMA;
      await migrate(drizzle(sql), { migrationsFolder, migrationsSchema })
        .catch((error) => console.log(error.cause.message));
      await sql.end();`;
    const { name } = await created('true');
    const node = [process.execPath, '--input-type=module', '-e', script];
    const ran = await bd(['sandbox', 'exec', name, '--', ...node]);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(ran.stdout).toMatch(/^permission denied for database/);
  });

  it('of Prisma: its SQL makes a template (`prisma migrate deploy` itself is not run)', async () => {
    const [name, template, owner] = [someName(), someName(), someOwner()];
    const client = openClient({ SANDBOX_OWNER: owner });
    onTestFinished(async () => {
      await client.destroy(name);
      await client.removeTemplate(template);
    });
    const line = linesOf(PAGE, 'Prisma').find((text) => text.includes('--from-sql')) ?? '';
    const [, , , , from, sql = ''] = line.split(' ');
    expect(from).toBe('--from-sql');
    const env = { SANDBOX_OWNER: owner };
    const made = await bd(['template', 'add', template, from ?? '', sql], env);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    await bd(['sandbox', 'create', name, '--template', template], env);
    expect(await tablesOf(client, name)).toEqual(['members', 'warnings']);
  });

  it('of Prisma get the schema of the sandbox in the address', async () => {
    const script =
      "import('./prisma.config.mjs').then((m) => console.log(m.default.datasource.url))";
    const prisma = JSON.stringify(join(folder, 'prisma'));
    const { said } = await created(`cd ${prisma} && node -e "${script}"; echo "=$SANDBOX_SCHEMA"`);
    const [, schema = ''] = /^=(.+)$/m.exec(said) ?? [];
    expect(
      new URL(said.split('\n').find((text) => text.startsWith('postgres:')) ?? '').search,
    ).toBe(`?schema=${schema}`);
  });
});
