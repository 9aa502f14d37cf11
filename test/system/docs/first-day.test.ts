/**
 * Types the first day and the first night on a separate stack: the README's walk with the packed
 * package in an empty folder, the guide's bot, and the runbook's manual clean-up and drills.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { down, status } from '../../../deploy/stack/index.js';
import { loadConfig, type Config } from '../../../platform/config.js';
import { projectRoot } from '../../../platform/project-root.js';
import { readStackFile } from '../../../platform/stack-file.js';
import { processesOf } from '../stack/home.js';
import { withNats, withPostgres, withRedis } from '../stack/ask.js';
import { installPacked, type Packed } from '../../support/packed.js';
import { until } from '../../support/stack.js';
import { linesOf, readPage } from '../../support/documented.js';
import { openShell, type Shell } from './shell.js';

const RUNBOOK = 'docs/sandbox-runbook.md';
const GUIDE = 'docs/sandbox-guide.md';
const WALK = linesOf('README.md', 'Quickstart for your bot');

/** Whole stacks, on a machine that may be busy. */
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

let packed: Packed;
let config: Config;
let shell: Shell;

beforeAll(() => {
  packed = installPacked();
  config = loadConfig({ SANDBOX_OWNER: 'newcomer' }, packed.folder);
  shell = openShell({ SANDBOX_OWNER: 'newcomer' }, packed.folder, packed.bd);
});

afterAll(async () => {
  await down(config, { purge: true });
  shell.close();
  packed.remove();
});

/** Exit code and output. */
async function type(line: string, options?: Parameters<Shell['type']>[1]) {
  const { code, stdout, stderr } = await shell.type(line, options);
  return { code, printed: `${stdout}${stderr}`, stdout };
}

const inOrder = (...lines: readonly string[]): string => ['set -eu', ...lines].join('\n');

describe('the packed package', () => {
  it('contains its run-time files, and no test', () => {
    const { files } = packed;
    expect(files).toContain('dist/workflow-bundle.js');
    expect(files.filter((path) => /^sql\/[0-9]{3}_/.test(path)).length).toBeGreaterThan(8);
    expect(files).toContain('deploy/prometheus/sandboxes.rules.yml');
    const useless = /^dist\/(test|bench|demo)\/|\.(map|tsbuildinfo)$/;
    expect(files.filter((path) => useless.test(path))).toEqual([]);
  });

  it('contains a `bd` that npx finds, here and in the checkout, where it is not rebuilt', () => {
    const { version } = JSON.parse(readPage('package.json')) as { version: string };
    const built = lstatSync(join(projectRoot(), 'node_modules/.bin/bd')).mtimeMs;
    // As on a first day, npx first links the checkout into its cache.
    const env = { ...process.env, npm_config_cache: join(packed.folder, 'npm-cache') };
    for (const cwd of [packed.folder, projectRoot()])
      expect(execFileSync('npx', ['bd', '--version'], { cwd, env }).toString()).toBe(
        `${version}\n`,
      );
    expect(lstatSync(join(projectRoot(), 'node_modules/.bin/bd')).mtimeMs).toBe(built);
  });

  it('names commands as the user typed them', () => {
    const env = { ...process.env, SANDBOX_HOME: join(packed.folder, 'nowhere') };
    const hint = (command: string, ...args: string[]): string =>
      spawnSync(command, [...args, 'sandbox', 'list'], {
        cwd: packed.folder,
        env,
      }).stderr.toString();
    expect(hint('npx', 'bd')).toContain('Start one with `npx bd dev up`');
    expect(hint(process.execPath, packed.bd)).toContain('Start one with `bd dev up`');
  });

  it.each([
    ['discord-server-sandboxes', 'index.ts', ['openContext', 'SandboxError']],
    ['discord-server-sandboxes/control', 'control/index.ts', ['openDirectControl', 'loadConfig']],
  ])('can be imported by a program: %s', (entry, source, some) => {
    const names = readPage(source).match(/(?<=^export \{ )[A-Za-z]\w+/gm) ?? [];
    const program = `
      import * as all from '${entry}';
      console.log(Object.keys(all).join(' '));`;
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: packed.folder,
    }).toString();
    expect(names).toEqual(expect.arrayContaining(some));
    for (const name of names) expect(printed).toContain(name);
  });
});

describe('the first day', () => {
  it('follows the walk of the README', async () => {
    // `npm ci` has installed this checkout. The last line stops the stack.
    const [install, ...walk] = WALK;
    writeFileSync(
      join(packed.folder, 'bot.js'),
      'console.log("bot in", process.env.SANDBOX_SCHEMA)',
    );
    expect([install, walk.pop()]).toEqual(['npm ci', 'npx bd dev down']);
    const { code, printed } = await type(inOrder(...walk), { answer: 'y' });
    expect(code, printed).toBe(0);
    expect(printed).toMatch(/^bot in sandbox_sb[a-z0-9]{10}$/m);
    expect(printed).toContain('healthy');
    expect(printed).toContain('my-fix is destroyed');
  });

  it('ends with an own bot that receives events of its guild', async () => {
    const [, source = ''] = /```js\n([^]*?)```/.exec(readPage(GUIDE)) ?? [];
    writeFileSync(join(packed.folder, 'bot.mjs'), source);
    const [create = '', run = '', emit = ''] = linesOf(GUIDE, 'Your own bot');
    expect((await type(create)).code).toBe(0);
    const { printed } = await type(run, {
      until: /MESSAGE_CREATE hello/,
      meanwhile: () => type(emit),
    });
    expect(printed).toMatch(/^listening in sb[a-z0-9]{10}$/m);
    expect(printed).toContain('MESSAGE_CREATE hello');
    expect((await type('bd sandbox destroy my-bot --yes')).code).toBe(0);
  });
});

describe('the night', () => {
  it('has a manual clean-up that leaves nothing', async () => {
    const id = 'sb0123456789';
    const state = readStackFile(config.home);
    const { database, redis, nats } = state!.urls.admin;
    await withPostgres(database, (sql) => sql`SELECT create_sandbox_schema(${id})`);
    await withRedis(redis, async (r) => {
      await r.call('ACL', 'SETUSER', `sandbox_${id}`, 'on', '>secret');
      await r.mset(...Array.from({ length: 30 }, (_, i) => [`sandbox:${id}:${i}`, '1']).flat());
    });
    await withNats(nats, async (nc) => {
      const jsm = await nc.jetstreamManager();
      await jsm.consumers.add('ROUTED', {
        durable_name: `sb_${id}`,
        filter_subject: `sandbox.${id}.events.>`,
      });
    });
    const lines = linesOf(RUNBOOK, 'Manual cleanup');
    expect(lines.length).toBeGreaterThan(5);
    const { code, printed } = await type(inOrder(...lines));
    expect(code, printed).toBe(0);
    await withPostgres(database, async (sql) => {
      const [row] = await sql<{ there: boolean }[]>`SELECT sandbox_schema_exists(${id}) AS there`;
      expect(row?.there).toBe(false);
    });
    await withRedis(redis, async (r) => {
      expect(await r.keys(`sandbox:${id}:*`)).toEqual([]);
      expect(await r.call('ACL', 'USERS')).not.toContain(`sandbox_${id}`);
    });
    await withNats(nats, async (nc) => {
      const jsm = await nc.jetstreamManager();
      await expect(jsm.consumers.info('ROUTED', `sb_${id}`)).rejects.toThrow();
    });
  });

  it('has drills that end as the page says', async () => {
    const said: Readonly<Record<string, { code?: number; says: RegExp }>> = {
      'bd sandbox tail drill --since 5m --limit 100 --json': {
        says: /^(?:\{.*"MESSAGE_CREATE".*\}\n){100}$/,
      },
      'bd sandbox destroy drill --yes': { code: 1, says: /SANDBOX_006.*continues by itself/ },
      'bd sandbox status drill': { says: /clean-up is being retried/ },
      'bd sandbox destroy drill-late --yes': { says: /drill-late is destroyed/ },
      'bd doctor': { says: /✓ router/ },
    };
    const lines = linesOf(RUNBOOK, 'Drills');
    expect(lines).toEqual(expect.arrayContaining(Object.keys(said)));
    for (const documented of lines) {
      const service = /<pid of (\w+)>/.exec(documented)?.[1];
      const pid =
        service === undefined ? '' : String(await pidOf(service, documented.includes('-CONT')));
      const line = documented.replace(/<pid of \w+>/, pid);
      const { code, printed, stdout } = await type(line);
      const { code: expected = 0, says } = said[documented] ?? { says: /^/ };
      expect(code, `${line}\n${printed}`).toBe(expected);
      expect(documented.includes('tail') ? stdout : printed).toMatch(says);
    }
    expect((await type('bd sandbox list --json')).stdout.trim()).toBe('[]');
  });

  it('has a rolling deploy with commands that Temporal accepts', async () => {
    const binary = readlinkSync(`/proc/${await pidOf('temporal')}/exe`);
    mkdirSync(join(packed.folder, 'bin'));
    symlinkSync(binary, join(packed.folder, 'bin/temporal'));
    const [worker = '', ...switches] = linesOf('docs/lifecycle.md', 'Rolling deploy');
    expect(switches).toHaveLength(2);
    const { temporal } = readStackFile(config.home)!;
    const use = `export NEW=two PATH=$PWD/bin:$PATH TEMPORAL_ADDRESS=${temporal.address}`;
    const { code, printed } = await type(inOrder('export NEW=two', worker), {
      until: /worker started/,
      then: async () => {
        // The server knows a version after its first poll.
        await until('the switch', async () => (await type(inOrder(use, ...switches))).code === 0);
        expect((await type('bd sandbox create rolled --ttl 5m')).code).toBe(0);
        expect((await type('bd sandbox destroy rolled --yes')).code).toBe(0);
      },
    });
    expect(code, printed).toBe(0);
  });

  it('ends with a stop that leaves nothing', async () => {
    expect((await type(WALK.at(-1) ?? '')).code).toBe(0);
    await until('no process is left', () => Promise.resolve(processesOf(config.home).length === 0));
  });
});

/** @param stopped the process exists and is stopped */
async function pidOf(service: string, stopped = false): Promise<number> {
  // A killed process is restarted within a moment.
  return until(`${service} runs`, async () => {
    const one = (await status(config)).find(({ name }) => name === service);
    return one?.state === 'running' || stopped ? (one?.pid ?? null) : null;
  });
}
