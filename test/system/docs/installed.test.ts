/**
 * The result of an installation. `npm run demo` and `npm test` install only without a recent `npm
 * ci`, by npm's own record `node_modules/.package-lock.json`. The bot's side is a small package
 * that works alone.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../../../platform/project-root.js';
import { installPackedContext, type PackedContext } from '../../support/packed.js';

type Packages = Record<string, { version?: string; integrity?: string; optional?: boolean }>;
const { asLocked } = (await import(
  pathToFileURL(join(projectRoot(), 'build/installed.mjs')).href
)) as { asLocked: (wanted: Packages, installed: Packages) => boolean };

const recorded = (file: string): Packages =>
  (JSON.parse(readFileSync(join(projectRoot(), file), 'utf8')) as { packages: Packages }).packages;

it('the result of `npm ci` matches the lock file, without a second installation', () => {
  const wanted = recorded('package-lock.json');
  const installed = recorded('node_modules/.package-lock.json');
  expect(asLocked(wanted, installed)).toBe(true);
  const { 'node_modules/ms': ms, ...rest } = installed;
  expect(asLocked(wanted, rest)).toBe(false);
  expect(asLocked(wanted, { ...rest, 'node_modules/ms': { ...ms, version: '0.0.1' } })).toBe(false);
  expect(asLocked(wanted, { ...installed, 'node_modules/more': { version: '1.0.0' } })).toBe(false);
  expect(asLocked(wanted, {})).toBe(false);
});

it('the demo uses no file of the tests', () => {
  for (const file of ['main', 'flood', 'ledger', 'leftovers', 'report', 'route-latency'])
    expect(readFileSync(join(projectRoot(), `demo/${file}.ts`), 'utf8')).not.toMatch(
      /from '.*test\//,
    );
});

describe("the bot's side, packed", () => {
  let packed: PackedContext;

  beforeAll(async () => {
    packed = await installPackedContext();
  });

  afterAll(() => {
    packed.remove();
  });

  it('installs three packages, and less than 15 MB with all dependencies', () => {
    expect(packed.dependencies).toEqual(['ioredis', 'nats', 'postgres']);
    expect(packed.bytes).toBeGreaterThan(1_000_000);
    expect(packed.bytes).toBeLessThan(15_000_000);
  });

  it('can be imported if nothing else is installed', () => {
    const program = `
      import { openContext, SandboxError } from 'discord-server-sandboxes-context';
      const error = await openContext({}).catch((error) => error);
      console.log(error instanceof SandboxError, error.code);`;
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: packed.folder,
    });
    expect(printed.toString()).toBe('true SANDBOX_008\n');
  });

  it('has correct types', () => {
    writeFileSync(
      join(packed.folder, 'bot.mts'),
      `import { openContext, type SandboxContext } from 'discord-server-sandboxes-context';
      export const context: SandboxContext = await openContext(process.env);
      export const rows: { now: Date }[] = await context.sql<{ now: Date }[]>\`SELECT now()\`;
      // @ts-expect-error: a promise. Without the client's types this would compile.
      export const value: string = context.redis.get('key');`,
    );
    const modules = join(projectRoot(), 'node_modules');
    const options = '--noEmit --strict --module nodenext --target es2022 --types node'.split(' ');
    const { status, stdout } = spawnSync(
      join(modules, '.bin/tsc'),
      [
        ...[...options, '--lib', 'es2023,esnext.disposable,dom'],
        ...['--typeRoots', join(modules, '@types'), 'bot.mts'],
      ],
      { cwd: packed.folder, encoding: 'utf8' },
    );
    expect(status, stdout).toBe(0);
  });
});
