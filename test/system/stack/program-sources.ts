/** Where a test's binaries come from: programs, wheels and releases that it makes itself. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { BinarySpec } from '../../../deploy/stack/binaries.js';
import type { SearchOptions } from '../../../deploy/stack/install/binary.js';

export const PROGRAM = '#!/bin/sh\necho "thing v2.1.0"\n';
export const sha256 = (data: string | Buffer): string =>
  createHash('sha256').update(data).digest('hex');
const SUM = sha256(PROGRAM);

export function spec(change: Partial<BinarySpec> = {}): BinarySpec {
  return {
    name: 'nats',
    version: '2.1.0',
    executable: 'thing',
    onPath: [['thing', [2, 0, 0]]],
    releaseUrl: () => 'http://127.0.0.1:1/nothing',
    archives: {},
    wheel: 'thing-bin==2.1.0',
    sha256: { 'linux-x64': SUM },
    advice: 'Make a thing',
    ...change,
  };
}

export interface Place {
  readonly root: string;
  readonly told: string[];
  readonly search: SearchOptions;
}

/** PATH holds what unpacking needs and nothing else. */
export async function place(): Promise<Place> {
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

export async function executable(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  await chmod(path, 0o755);
}

/** A `pip` that "installs" a wheel with this program in it, under this name. */
export async function pipWith({ root }: Place, program: string, name = 'thing'): Promise<void> {
  const made = join(root, 'made');
  await executable(made, program);
  await executable(
    join(root, 'bin/pip'),
    `#!/bin/sh
for arg in "$@"; do case "$arg" in --target=*) cp ${made} "\${arg#--target=}/${name}";; esac; done\n`,
  );
}

/** A release for this test's platform; `sum` null: its archive has no known sum. */
export const release = (url: string, sum: string | null): Partial<BinarySpec> => ({
  releaseUrl: () => url,
  archives: { 'linux-x64': sum },
});

/** A server that hands out an archive of the program; its URL and the archive's sum. */
export async function releaseOf(
  { root }: Place,
  program: string,
): Promise<{ url: string; sha256: string }> {
  await mkdir(join(root, 'thing-2.1.0'));
  await executable(join(root, 'thing-2.1.0/thing'), program);
  const archive = execFileSync('tar', ['-czf', '-', '-C', root, 'thing-2.1.0']);
  const url = await served((_, response) => response.end(archive));
  return { url, sha256: sha256(archive) };
}

/** The URL of a release server that answers so; closed when the test ends. */
export async function served(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}/thing.tar.gz`;
}
