/** `connect` and `exec` without credentials, and the advice of `create`. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { projectRoot } from '../../../platform/project-root.js';
import { bd, bdHere, type Ran } from '../../support/bd.js';
import { someGuild, someName, someOwner, stackState } from '../../support/stack.js';

const name = someName();
const owner = someOwner();
const errorIn = ({ stderr }: Ran): unknown => (JSON.parse(stderr) as { error: unknown }).error;

/** A machine with the servers' addresses and without the master secret. */
function withoutSecret(): Record<string, string> {
  const { urls, temporal } = stackState();
  return {
    SANDBOX_HOME: '/nonexistent',
    TEMPORAL_ADDRESS: temporal.address,
    DATABASE_URL: urls.client.database,
    REDIS_URL: urls.client.redis,
    NATS_URL: urls.client.nats,
  };
}

beforeAll(async () => {
  await bdHere(['sandbox', 'create', name, '--owner', owner, '--guild', someGuild()]);
  return async () => {
    await bdHere(['sandbox', 'destroy', name, '--yes']);
  };
});

describe('without the master secret', () => {
  it.each([[[]], [['--json']], [['--format', 'dotenv']], [['--format', 'fish']]])(
    'connect %j fails, and prints nothing that a shell could evaluate',
    async (form) => {
      const ran = await bdHere(['sandbox', 'connect', name, ...form], withoutSecret());
      expect([ran.code, ran.stdout]).toEqual([8, '']);
      expect(ran.stderr).toMatch(/SANDBOX_010.*master secret/);
      expect(ran.stderr).toContain('--identifiers-only');
    },
  );

  it('the documented line fails in a shell that has addresses of its own', () => {
    const line = `environment="$("$NODE" "$BD" sandbox connect ${name})" && eval "$environment" && echo started`;
    const env = {
      ...withoutSecret(),
      PATH: process.env.PATH,
      NODE: process.execPath,
      BD: join(projectRoot(), 'dist/cli/main.js'),
    };
    const started = (): string =>
      execFileSync('bash', ['--norc', '-c', line], { env, stdio: 'pipe' }).toString();
    expect(started).toThrow(expect.objectContaining({ status: 8 }) as Error);
  });

  it('connect --identifiers-only prints identifiers, and says that they are no credentials', async () => {
    const ran = await bdHere(
      ['sandbox', 'connect', name, '--identifiers-only', '--json'],
      withoutSecret(),
    );
    expect(ran.code, ran.stderr).toBe(0);
    const names = Object.keys(JSON.parse(ran.stdout) as object);
    expect(names).toEqual(expect.arrayContaining(['SANDBOX_ID', 'SANDBOX_SCHEMA']));
    expect(names.filter((one) => one.endsWith('_URL'))).toEqual([]);
    expect(ran.stderr).toMatch(/^No credentials: the master secret is not readable here/);
  });

  it('exec runs nothing', async () => {
    const ran = await bdHere(['sandbox', 'exec', name, 'true'], withoutSecret());
    expect([ran.code, ran.stderr]).toEqual([8, expect.stringContaining('SANDBOX_010')]);
  });
});

describe('with the master secret', () => {
  it('connect --identifiers-only still prints no credentials', async () => {
    const ran = await bdHere(['sandbox', 'connect', name, '--identifiers-only']);
    expect([ran.code, ran.stderr]).toEqual([
      0,
      'No credentials: only identifiers were asked for.\n',
    ]);
    expect(ran.stdout).toContain('export SANDBOX_ID=');
    expect(ran.stdout).not.toContain('_URL');
  });

  it('connect fails without users in Redis; exec removes the caller’s REDIS_URL', async () => {
    const env = { SANDBOX_REDIS_ACL: 'off' };
    const ran = await bdHere(['sandbox', 'connect', name, '--json'], env);
    expect([ran.code, ran.stdout]).toEqual([8, '']);
    expect(errorIn(ran)).toMatchObject({
      code: 'SANDBOX_010',
      message: expect.stringContaining('no REDIS_URL') as string,
    });
    const child = ['node', '-p', '[!!process.env.DATABASE_URL, process.env.REDIS_URL]'];
    const run = await bd(['sandbox', 'exec', name, ...child], {
      ...env,
      REDIS_URL: stackState().urls.client.redis,
    });
    expect([run.code, run.stdout]).toEqual([0, '[ true, undefined ]\n']);
    expect(run.stderr).toContain('no REDIS_URL');
  });

  it('exec needs no `--`, and leaves options to the command', async () => {
    const script = 'console.log(process.env.SANDBOX_GUILD_IDS, process.argv.slice(1).join())';
    const ran = await bd(['sandbox', 'exec', name, 'node', '-e', script, 'x', '--json', '--yes']);
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringMatching(/^\d+ x,--json,--yes\n$/)]);
  });
});

it('create names the way to run a bot, and the way to a shell', async () => {
  const own = someOwner();
  const { stdout } = await bdHere(['sandbox', 'create', '--ttl', '1h30m', '--owner', own]);
  onTestFinished(async () => {
    await bdHere(['sandbox', 'destroy', '--all', '--owner', own, '--yes']);
  });
  expect(stdout).toMatch(
    /bd sandbox exec sandbox-\S+ -- node bot\.js\n.*bd sandbox exec sandbox-\S+ -- bash\n$/,
  );
});
