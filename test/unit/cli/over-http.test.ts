/** `bd` over HTTP: which way it takes, what it loads, and what it says where address or token are wrong. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { runBd } from '../../../cli/run.js';
import { newToken, newTokenId } from '../../../control/new-token.js';
import { projectRoot } from '../../../platform/project-root.js';
import { answering, json } from '../../support/answering.js';

const token = newToken('person', newTokenId()).text;
const NO_STACK = { SANDBOX_HOME: '/nonexistent', SANDBOX_OWNER: 'ada' };

async function bdHere(args: readonly string[], env: Record<string, string>) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const streams = { stdout, stderr } as unknown as Record<'stdout' | 'stderr', NodeJS.WriteStream>;
  const code = await runBd(args, { ...streams, env: { ...NO_STACK, ...env } });
  const textOf = (stream: PassThrough): string => String(stream.read() ?? '');
  return { code, stdout: textOf(stdout), stderr: textOf(stderr) };
}
const codeIn = (stderr: string): string =>
  (JSON.parse(stderr) as { error: { code: string } }).error.code;

const LIST = ['sandbox', 'list', '--json'];

describe('bd', () => {
  it('asks the API where SANDBOX_API_URL is set', async () => {
    const { url, seen } = await answering(json({ items: [], nextCursor: null }));
    const env = { SANDBOX_API_URL: url, SANDBOX_TOKEN: token };
    expect(await bdHere(LIST, env)).toEqual({ code: 0, stdout: '[]\n', stderr: '' });
    expect(seen[0]?.url).toBe('/v1/sandboxes?limit=500&all=false');
  });

  it('asks the servers themselves with --direct, without a token', async () => {
    const { url, seen } = await answering(json({ items: [], nextCursor: null }));
    const ran = await bdHere([...LIST, '--direct'], { SANDBOX_API_URL: url });
    expect([ran.code, codeIn(ran.stderr), seen]).toEqual([7, 'SANDBOX_009', []]);
    expect(ran.stderr).toContain('bd dev up');
  });

  it('needs a token', async () => {
    const ran = await bdHere(LIST, { SANDBOX_API_URL: 'http://127.0.0.1:1' });
    expect([ran.code, ran.stdout, codeIn(ran.stderr)]).toEqual([8, '', 'SANDBOX_012']);
    expect(ran.stderr).toContain('SANDBOX_TOKEN');
  });

  it('sends no text that is no token', async () => {
    const { url, seen } = await answering(json({ items: [], nextCursor: null }));
    const secret = 'a-secret-of-something-else';
    const ran = await bdHere(LIST, { SANDBOX_API_URL: url, SANDBOX_TOKEN: secret });
    expect([ran.code, codeIn(ran.stderr), seen]).toEqual([8, 'SANDBOX_012', []]);
    expect(ran.stderr).not.toContain(secret);
  });

  it.each(['localhost:7780', 'ftp://localhost', 'http://', '127.0.0.1'])(
    'takes %j for no address',
    async (url) => {
      const ran = await bdHere(LIST, { SANDBOX_API_URL: url, SANDBOX_TOKEN: token });
      expect([ran.code, ran.stdout, codeIn(ran.stderr)]).toEqual([2, '', 'SANDBOX_008']);
      expect(ran.stderr).toContain('SANDBOX_API_URL');
    },
  );

  it.each([
    [['sandbox', 'sweep', '--json'], 'a sweep is not possible over HTTP'],
    [['sandbox', 'create', '--id', 'sb0123456789', '--json'], 'an id of your choice is not'],
  ])('%j works directly alone, and says so', async (args, message) => {
    const { url, seen } = await answering(json({}));
    const ran = await bdHere(args, { SANDBOX_API_URL: url, SANDBOX_TOKEN: token });
    expect([ran.code, ran.stdout, codeIn(ran.stderr), seen]).toEqual([2, '', 'SANDBOX_008', []]);
    expect(ran.stderr).toContain(message);
    expect(ran.stderr).toContain('--direct');
  });
});

/** Tells stderr of every module that is loaded. */
const HOOK = `data:text/javascript,${encodeURIComponent(`
  import { register } from 'node:module';
  register('data:text/javascript,' + encodeURIComponent(\`
    import { writeSync } from 'node:fs';
    export async function load(url, context, next) {
      writeSync(2, 'loaded ' + url + '\\\\n');
      return next(url, context);
    }
  \`));
`)}`;

interface Loaded {
  readonly packages: readonly string[];
  readonly files: number;
}

/** What a process of `bd` has loaded. */
function loadedBy(args: readonly string[], env: Record<string, string>): Promise<Loaded> {
  const bd = join(projectRoot(), 'dist/cli/main.js');
  const child = spawn(process.execPath, ['--import', HOOK, bd, ...args], {
    env: { PATH: process.env.PATH, ...NO_STACK, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve) => {
    child.once('close', () => {
      const found = stderr.matchAll(/^loaded file:.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//gm);
      expect(stderr).toContain('/dist/cli/run.js');
      const packages = [...new Set([...found].map(([, name = '']) => name))].sort();
      resolve({ packages, files: stderr.match(/^loaded file:/gm)?.length ?? 0 });
    });
  });
}

describe('what bd loads', () => {
  const DRIVERS = ['postgres', 'ioredis', 'nats', 'pg', 'drizzle-orm', 'hono'];

  it.each([
    [['--help'], ['cac', 'picocolors']],
    [['--version'], ['cac', 'picocolors']],
    [
      ['sandbox', '--help'],
      ['cac', 'ms', 'picocolors'],
    ],
    [LIST, ['cac', 'ms', 'openapi-fetch', 'picocolors']],
  ])('%j loads no driver of any server, and no schema library', async (args, packages) => {
    const { url } = await answering(json({ items: [], nextCursor: null }));
    const env = { SANDBOX_API_URL: url, SANDBOX_TOKEN: token };
    expect((await loadedBy(args, env)).packages).toEqual(packages);
  });

  it.each([
    [['--help'], 50],
    [['--version'], 50],
    [LIST, 110],
  ])('%j takes few files', async (args, most) => {
    const { url } = await answering(json({ items: [], nextCursor: null }));
    const env = { SANDBOX_API_URL: url, SANDBOX_TOKEN: token };
    expect((await loadedBy(args, env)).files).toBeLessThan(most);
  });

  it('directly a list loads the driver of Postgres, and no other', async () => {
    const DATABASE_URL = 'postgres://a:b@127.0.0.1:1/x';
    const env = { DATABASE_URL, REDIS_URL: 'redis://127.0.0.1:1', NATS_URL: 'nats://127.0.0.1:1' };
    const { packages } = await loadedBy(LIST, { ...env, TEMPORAL_ADDRESS: '127.0.0.1:1' });
    // A list needs Postgres alone; the others load on their first use (control/connections.ts).
    const drivers = [...DRIVERS, '@temporalio/client'];
    expect(packages.filter((name) => drivers.includes(name))).toEqual(['drizzle-orm', 'postgres']);
    expect(packages).not.toContain('openapi-fetch');
    expect(packages).toContain('zod');
  });
});
