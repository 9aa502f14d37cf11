/**
 * `bd` with an unusable SANDBOX_HOME or database: it names a remedy, and makes or breaks nothing.
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bd, bdHere, type Ran } from '../../support/bd.js';
import { openAdmin, someOwner, stackState } from '../../support/stack.js';

const OWNER = someOwner();
const folder = mkdtempSync(join(tmpdir(), 'bad-home-'));

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** `SANDBOX_008 <cause>`, then the remedy. */
function told({ stderr }: Ran): { code: string; cause: string; remedy: string } {
  const [first = '', ...rest] = stderr.trimEnd().split('\n');
  const space = first.indexOf(' ');
  return { code: first.slice(0, space), cause: first.slice(space + 1), remedy: rest.at(-1) ?? '' };
}

describe('a home', () => {
  const at = (name: string, files: Readonly<Record<string, string>> = {}): string => {
    const home = mkdtempSync(join(folder, `${name}-`));
    for (const [path, text] of Object.entries(files)) writeFileSync(join(home, path), text);
    return home;
  };
  const file = join(folder, 'a-file');
  beforeAll(() => {
    writeFileSync(file, 'not ours');
  });
  const half = '{"version":1,"pid":12,"star';

  it.each([
    [['dev', 'up'], file],
    [['dev', 'down'], file],
    [['dev'], file],
    [['sandbox', 'list'], file],
    [['sandbox', 'emit', 'message-create', '--to', 'x'], file],
    [['migrate', '--check'], file],
    [['worker'], file],
    [['router'], file],
    [['dev', 'up'], '/proc/nowhere'],
    [['dev', 'down'], '/proc'],
  ])('%j with an unusable home is SANDBOX_008', async (args, home) => {
    // A service runs in its own process.
    const run = args[0] === 'worker' || args[0] === 'router' ? bd : bdHere;
    const ran = await run(args, { SANDBOX_HOME: home });
    expect([ran.code, ran.stdout], ran.stderr).toEqual([2, '']);
    expect(ran.stderr).toContain('SANDBOX_008');
    expect(ran.stderr).toContain('SANDBOX_HOME');
  });

  it.each([
    ['half-written', half],
    ['of an earlier version', JSON.stringify({ version: 0, urls: {} })],
    ['empty', ''],
  ])('whose state file is %s is refused with a remedy that works', async (_, text) => {
    const home = at('state', { 'stack.json': text });
    const ran = await bdHere(['sandbox', 'list'], { SANDBOX_HOME: home });
    expect([ran.code, told(ran).code]).toEqual([2, 'SANDBOX_008']);
    expect(told(ran).remedy).toContain('bd dev down');
    expect((await bdHere(['dev', 'down'], { SANDBOX_HOME: home })).code).toBe(0);
    const after = await bdHere(['sandbox', 'list'], { SANDBOX_HOME: home });
    expect([after.code, told(after).code]).toEqual([7, 'SANDBOX_009']);
    expect(readdirSync(home)).toEqual([]);
  });

  it('with a half-written lock is not locked', async () => {
    const home = at('lock', { 'supervisor.json': half, 'children.json': half });
    expect((await bdHere(['dev', 'status'], { SANDBOX_HOME: home })).stdout).toContain('stopped');
    expect((await bdHere(['dev', 'down', '--purge'], { SANDBOX_HOME: home })).code).toBe(0);
  });

  it('with an empty master secret has none', async () => {
    const home = at('key', { 'master.key': '\n' });
    const { urls, temporal } = stackState();
    const env = {
      SANDBOX_HOME: home,
      SANDBOX_OWNER: OWNER,
      TEMPORAL_ADDRESS: temporal.address,
      DATABASE_URL: urls.client.database,
      REDIS_URL: urls.client.redis,
      NATS_URL: urls.client.nats,
    };
    const name = `half-key-${Date.now() % 1e6}`;
    const mine = { SANDBOX_OWNER: OWNER };
    expect((await bdHere(['sandbox', 'create', name, '--ttl', '5m'], mine)).code).toBe(0);
    // A change needs a signature.
    const unsigned = await bdHere(['sandbox', 'extend', name, '1m'], env);
    expect([unsigned.code, told(unsigned).code]).toEqual([8, 'SANDBOX_010']);
    const ran = await bdHere(['sandbox', 'connect', name], env);
    expect([ran.code, ran.stdout, told(ran).code]).toEqual([8, '', 'SANDBOX_010']);
    expect((await bdHere(['sandbox', 'exec', name, '--', 'true'], env)).code).toBe(8);
    await bdHere(['sandbox', 'destroy', name, '--yes'], mine);
  });
});

describe('a database', () => {
  it('that is older or empty is refused with the remedy `bd migrate`', async () => {
    const sql = openAdmin();
    const database = `older_${Date.now()}`;
    await sql.unsafe(`CREATE DATABASE ${database}`);
    try {
      const url = new URL(stackState().urls.admin.database);
      url.pathname = `/${database}`;
      const env = { DATABASE_URL: url.href };
      const check = await bdHere(['migrate', '--check'], env);
      expect(check.code).toBe(1);
      expect(check.stdout).toContain('010_roles.sql is missing');
      const list = await bdHere(['sandbox', 'list'], env);
      expect(list.code, list.stderr).toBeGreaterThan(0);
      expect(told(list).remedy).toContain('bd migrate');
    } finally {
      await sql.unsafe(`DROP DATABASE ${database} WITH (FORCE)`);
    }
  });
});
