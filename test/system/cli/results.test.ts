/** The output of each command, as text and as JSON, and its exit code. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { colours, processIo, reportError } from '../../../cli/io.js';
import { table } from '../../../cli/table.js';
import { formatEnvironment } from '../../../cli/shell.js';
import { SANDBOX_STATUSES, type SandboxStatus } from '../../../domain/status.js';
import { projectRoot } from '../../../platform/project-root.js';
import { closeRedis, openRedis } from '../../../platform/redis.js';
import { bd, type Ran } from '../../support/bd.js';
import {
  openAdmin,
  openClient,
  someGuild,
  someName,
  someOwner,
  stackState,
} from '../../support/stack.js';
import { openRunTemporal } from '../../support/temporal.js';
import { runHome } from '../../support/run-home.js';

const json = ({ stdout }: Ran): unknown => JSON.parse(stdout);
const errorIn = ({ stderr }: Ran): unknown => (JSON.parse(stderr) as { error: unknown }).error;

async function made(count = 1) {
  const owner = someOwner();
  const client = openClient({ SANDBOX_OWNER: owner });
  const names = Array.from({ length: count }, someName);
  for (const name of names) await client.create({ name, ttl: '1h' });
  onTestFinished(async () => {
    for (const { id } of await client.list({ owner })) await client.destroy(id);
  });
  return { owner, names, name: names[0] ?? '' };
}

describe('bd sandbox', () => {
  it('shows every change of a sandbox as JSON and as text', async () => {
    const { name, owner } = await made();
    const guild = someGuild();
    const env = { SANDBOX_OWNER: owner };
    const run = (...args: string[]): Promise<Ran> => bd(['sandbox', ...args], env);
    expect(json(await run('extend', name, '1h', '--json'))).toMatchObject({ name, clamped: false });
    expect((await run('extend', name, '9w')).stderr).toContain('may live 30d from now');
    expect((await run('extend', name, '9w', '--clamp')).stdout).toContain(
      '(cut to the maximum from now)',
    );
    expect(json(await run('link', name, guild, '--json'))).toMatchObject({ guildIds: [guild] });
    expect(json(await run('unlink', guild, '--json'))).toMatchObject({ guildIds: [] });
    expect((await run('logs', name, '--event', 'sandbox_reset')).stderr).toContain(
      'No such events.',
    );
    const unsure = await run('reset', name);
    expect([unsure.code, unsure.stdout]).toEqual([2, '']);
    expect(json(await run('reset', name, '--yes', '--json'))).toMatchObject({
      name,
      status: 'running',
    });
    expect((await run('logs', name, '--event', 'sandbox_reset')).stdout).toContain('sandbox_reset');
    expect(json(await run('list', '--owner', owner, '--status', 'destroyed', '--json'))).toEqual(
      [],
    );
  });

  it('sweeps orphans, and shows them first', async () => {
    const id = `sb${someName().slice(5, 15)}`;
    const [row] = await openAdmin()<{ id: string }[]>`SELECT id FROM sandbox_installation`;
    const redis = await openRedis(stackState().urls.admin.redis, 'test');
    onTestFinished(() => {
      closeRedis(redis);
    });
    await bd(['sandbox', 'sweep']);
    expect((await bd(['sandbox', 'sweep'])).stdout).toBe('Nothing to sweep.\n');
    const mark = { installation: row?.id, createdAt: '2020-01-01T00:00:00.000Z' };
    await redis.hset('sandbox:registry', id, JSON.stringify(mark));
    const wanted = [{ kind: 'keyspace', sandboxId: id, removed: false }];
    expect(json(await bd(['sandbox', 'sweep', '--dry-run', '--json']))).toMatchObject({
      orphans: wanted,
    });
    expect((await bd(['sandbox', 'sweep', '--dry-run'])).stdout).toMatch(
      /keyspace +sandbox:sb\w+: +orphaned/,
    );
    expect((await bd(['sandbox', 'sweep'])).stdout).toMatch(/keyspace +sandbox:sb\w+: +removed/);
  });

  it('ends a sweep with exit code 1 if an orphan could not be removed, in every form of output', async () => {
    const id = `sb${someName().slice(5, 15)}`;
    const admin = openAdmin();
    const [row] = await admin<{ id: string }[]>`SELECT id FROM sandbox_installation`;
    const mark = JSON.stringify({ installation: row?.id, createdAt: '2020-01-01T00:00:00.000Z' });
    // The administrator owns it, so the control plane may not drop it.
    await admin.unsafe(`CREATE SCHEMA sandbox_${id}; COMMENT ON SCHEMA sandbox_${id} IS '${mark}'`);
    onTestFinished(async () => {
      await admin.unsafe(`DROP SCHEMA sandbox_${id}`);
    });
    for (const form of [[], ['--json'], ['--emf']]) {
      const ran = await bd(['sandbox', 'sweep', ...form]);
      expect([form, ran.code, ran.stderr]).toEqual([form, 1, '']);
    }
  });

  it('opens the given Web UI, and is an error without one', async () => {
    const { name } = await made();
    const ui = { TEMPORAL_UI_URL: 'https://ui.example' };
    expect((await bd(['sandbox', 'open', name], ui)).stdout).toMatch(
      /^https:\/\/ui\.example\/namespaces/,
    );
    const elsewhere = { TEMPORAL_ADDRESS: stackState().temporal.address };
    const none = await bd(['sandbox', 'open', name, '--json'], elsewhere);
    expect([none.code, errorIn(none)]).toMatchObject([7, { code: 'SANDBOX_009' }]);
  });
});

describe('a list', () => {
  it('has a colour for each status if colours are on, and a time for each expiry', async () => {
    const sql = openAdmin();
    const owner = someOwner();
    const ways: Record<SandboxStatus, SandboxStatus[]> = {
      ...{ pending: [], creating: ['creating'], running: ['creating', 'running'] },
      expired: ['creating', 'running', 'expired'],
      ...{ destroying: ['destroying'], destroyed: ['destroying', 'destroyed'] },
    };
    onTestFinished(() => sql`DELETE FROM sandboxes WHERE owner = ${owner}`.then(() => undefined));
    for (const status of SANDBOX_STATUSES) {
      const id = `sb${someName().slice(5, 15)}`;
      const expiry = status === 'expired' ? '-1 s' : '90 min';
      await sql`INSERT INTO sandboxes (id, name, owner, expires_at)
        VALUES (${id}, ${status}, ${owner}, now() + ${expiry}::interval)`;
      for (const step of ways[status])
        await sql`UPDATE sandboxes SET status = ${step} WHERE id = ${id}`;
    }
    const list = ['sandbox', 'list', '--owner', owner, '--all'];
    const { stdout } = await bd(list, { FORCE_COLOR: '1' });
    const colour = (status: string): string | undefined =>
      new RegExp(`\\u001b\\[(\\d+)m${status}`).exec(stdout)?.[1];
    expect(SANDBOX_STATUSES.map((status) => [status, colour(status)])).toEqual([
      ...[
        ['pending', '36'],
        ['creating', '36'],
        ['running', '32'],
      ],
      ...[
        ['expired', '33'],
        ['destroying', '33'],
        ['destroyed', '2'],
      ],
    ]);
    const plain = (await bd(list, { FORCE_COLOR: '1', NO_COLOR: '1' })).stdout;
    expect(plain).not.toContain('\u001b');
    expect(plain).toMatch(/ expired +- +now$/m);
    expect(plain).toMatch(/ destroyed +- +-$/m);
    expect(plain).toMatch(/ running +- +in 1h \d+m$/m);
  });

  it('shortens its widest columns on a narrow terminal, and stays readable', async () => {
    const rows = [['sb0123456789', 'x'.repeat(60), 'y'.repeat(30)]];
    const io = (columns: number) => ({ stdout: { isTTY: true, columns } }) as never;
    const widthAt = async (columns: number): Promise<number> =>
      Math.max(
        ...(await table(io(columns), ['A', 'B', 'C'], rows)).split('\n').map((l) => l.length),
      );
    expect(await widthAt(200)).toBe(12 + 60 + 30 + 4);
    expect(await widthAt(80)).toBeLessThanOrEqual(80);
    // No column is narrower than a word.
    expect(await widthAt(10)).toBe(8 + 8 + 8 + 4);
  });

  it('ends silently when its reader closes the pipe, however much is left', async () => {
    const sql = openAdmin();
    const owner = someOwner();
    onTestFinished(() => sql`DELETE FROM sandboxes WHERE owner = ${owner}`.then(() => undefined));
    await sql`INSERT INTO sandboxes (id, name, owner, expires_at)
      SELECT 'sb' || lpad(i::text, 10, 'z'), ${owner} || '-' || i, ${owner}, now() + interval '1h'
      FROM generate_series(1, 2000) i`;
    const command = `"$NODE" "$BD" sandbox list --owner ${owner} --json | head -1; echo "\${PIPESTATUS[0]}"`;
    const BD = join(projectRoot(), 'dist/cli/main.js');
    const env = {
      PATH: process.env.PATH,
      SANDBOX_HOME: runHome(),
      NODE: process.execPath,
      BD,
    };
    expect(execFileSync('bash', ['--norc', '-c', command], { env }).toString()).toBe('[\n0\n');
  });
});

describe('colour', () => {
  it('is only used on a terminal that supports it, even in CI', async () => {
    for (const more of [{ CI: 'true' }, { CI: '', TERM: 'xterm-256color' }, { FORCE_COLOR: '0' }])
      expect((await bd(['sandbox', 'status', 'no-such'], more)).stderr).toMatch(/^SANDBOX_004 /);
    const red = (stream: { isTTY?: boolean }, env: Record<string, string>): string =>
      colours({ ...processIo, env }, stream).red('x');
    expect(red({ isTTY: true }, { TERM: 'xterm' })).toBe('\u001b[31mx\u001b[39m');
    expect(red({ isTTY: true }, { TERM: 'dumb' })).toBe('x');
    expect(red({}, { TERM: 'xterm', CI: 'true' })).toBe('x');
    expect(red({}, { FORCE_COLOR: '1' })).toBe('\u001b[31mx\u001b[39m');
  });
});

describe('an unexpected error', () => {
  it('is SANDBOX_011, as text or JSON without a stack trace, and with one at LOG_LEVEL=debug', async () => {
    const told = async (json: boolean, env: Record<string, string> = {}) => {
      let stderr = '';
      const stream = new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          stderr += chunk.toString();
          done();
        },
      }) as unknown as NodeJS.WriteStream;
      const io = { stdout: stream, stderr: stream, env };
      return { code: await reportError(io, new TypeError('a bug'), json), stderr };
    };
    const [plain, asJson, debug] = [
      await told(false),
      await told(true),
      await told(false, { LOG_LEVEL: 'debug' }),
    ];
    expect([plain.code, asJson.code, debug.code]).toEqual([1, 1, 1]);
    expect(plain.stderr).toMatch(/^SANDBOX_011 unexpected: a bug\n/);
    expect(plain.stderr).not.toMatch(/\n\s+at /);
    expect(JSON.parse(asJson.stderr)).toMatchObject({ error: { code: 'SANDBOX_011' } });
    expect(debug.stderr).toMatch(/\n\s+at /);
  });
});

describe('bd migrate', () => {
  it('finds nothing to do, then reports a difference and repairs it', async () => {
    const migrate = (args: string[] = [], env = {}): Promise<Ran> => bd(['migrate', ...args], env);
    const whole = await migrate(['--check']);
    expect([whole.code, whole.stdout]).toEqual([0, 'Everything is as it should be.\n']);
    expect(json(await migrate(['--json']))).toEqual({ changes: [] });
    const otherwise = { SANDBOX_SWEEP_INTERVAL: '17m' };
    const differs = await migrate(['--check'], otherwise);
    expect([differs.code, differs.stdout]).toEqual([
      1,
      'Temporal: schedule sandbox-sweep runs otherwise\n',
    ]);
    expect((await migrate([], otherwise)).stdout).toContain('schedule sandbox-sweep updated');
    expect(json(await migrate(['--json']))).toEqual({
      changes: ['Temporal: schedule sandbox-sweep updated'],
    });
    // No worker would take the sweep from the old queue.
    const moved = { SANDBOX_TASK_QUEUE: 'elsewhere' };
    expect((await migrate(['--check'], moved)).stdout).toBe(differs.stdout);
  });
});

describe('bd doctor', () => {
  it('reports a paused schedule, a missing worker, and missing migrations', async () => {
    const schedule = (await openRunTemporal()).client.schedule.getHandle('sandbox-sweep');
    await schedule.pause('by an operator');
    onTestFinished(() => schedule.unpause().then(() => undefined));
    const env = { SANDBOX_TASK_QUEUE: 'nobody', SANDBOX_SWEEP_INTERVAL: '17m' };
    const ran = await bd(['doctor'], env);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/sweep schedule.* is paused: by an operator/);
    expect(ran.stdout).toMatch(/worker.* none asks for work/);
    expect(ran.stdout).toMatch(/migrations.*\n?.*runs otherwise/);
  });
});

describe('an environment', () => {
  const hostile = { A: `it's`, B: 'a\nb', C: '$(id) "x" \\', D: '' };
  it.each([
    ['sh', 'shell'],
    ['bash', 'shell'],
  ] as const)('is exactly what it was in %s', (shell, format) => {
    const script = `${formatEnvironment(hostile, format)}\nexec "$NODE" -p 'JSON.stringify(["A","B","C","D"].map((n) => process.env[n]))'`;
    const env = { PATH: process.env.PATH, NODE: process.execPath };
    const seen = execFileSync(shell, ['-c', script], { env }).toString();
    expect(JSON.parse(seen)).toEqual(Object.values(hostile));
  });

  it('is one line per variable for fish and for dotenv files', () => {
    expect(formatEnvironment(hostile, 'fish').split(';\n')[0]).toBe(String.raw`set -gx A 'it\'s'`);
    expect(formatEnvironment(hostile, 'dotenv').split('\n')).toEqual([
      ...[`A="it's"`, String.raw`B="a\nb"`, String.raw`C='$(id) "x" \'`, `D=''`],
    ]);
  });

  it.each([{ 'A B': '1' }, { a: '1' }, { A: '1\0' }])('%j is refused', (env) => {
    expect(() => formatEnvironment(env, 'shell')).toThrow(/cannot be an environment variable/);
  });
});
