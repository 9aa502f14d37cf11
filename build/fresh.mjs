// Builds if a source has changed, so that nothing runs a stale `dist`: `node build/fresh.mjs`
// before a command, or vitest's globalSetup. It compares hashes with tsc's record .tsbuildinfo, so
// a touched file costs no build.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { codeOf } from './installed.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
/** The last file of a build. */
const BUNDLE = join(dist, 'workflow-bundle.js');
/** Inputs of a build beside the sources. */
const SETTINGS = ['tsconfig.json', 'package-lock.json'];
/** The building process holds it; other processes wait. */
const LOCK = join(root, 'node_modules/.building');

/** Vitest runs a test file from its source, so its change needs no build. */
const matters = (path) => path.endsWith('.ts') && !path.endsWith('.test.ts');

function* filesBelow(folder, ending) {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    if (name.endsWith(ending)) yield join(folder, name);
}

/** The files of tsconfig.json; `*.ts` are those of the root. */
function sources() {
  const { include, exclude } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'));
  const found = include.flatMap((name) =>
    name === '*.ts'
      ? readdirSync(root).filter((file) => file.endsWith('.ts'))
      : [...filesBelow(join(root, name), '.ts')].map((path) => relative(root, path)),
  );
  return found.filter((path) => matters(path) && !exclude.includes(path));
}

/** By path, the hash of the compiled text; null if tsc wrote no output, as with `tsc --noEmit`. */
function compiled() {
  const record = JSON.parse(readFileSync(join(dist, '.tsbuildinfo'), 'utf8'));
  const pending = new Set((record.affectedFilesPendingEmit ?? []).map((id) => [id].flat()[0]));
  const entries = record.fileNames.map((name, i) => {
    const info = record.fileInfos[i];
    const version = typeof info === 'string' ? info : info.version;
    return [relative(root, resolve(dist, name)), pending.has(i + 1) ? null : version];
  });
  return new Map(entries.filter(([path]) => matters(path) && !path.startsWith('node_modules/')));
}

const hashOf = (path) =>
  createHash('sha256')
    .update(readFileSync(join(root, path), 'utf8'))
    .digest('hex');
const changedAt = (path) => statSync(path).mtimeMs;

/** True if `dist` matches a build of the present sources. */
export function isFresh() {
  try {
    const known = compiled();
    const finished = changedAt(BUNDLE);
    const written = [...filesBelow(dist, '.js')].filter((path) => !path.endsWith('.test.js'));
    return (
      SETTINGS.every((name) => changedAt(join(root, name)) <= finished) &&
      // A build that failed after the compiler leaves files newer than the bundle.
      written.every((path) => changedAt(path) <= finished) &&
      sources().every((path) => known.has(path)) &&
      [...known].every(([path, hash]) => hash === hashOf(path))
    );
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
}

/** Builds if necessary. One process builds, the others wait. Throws if the build fails. */
export function ensureBuilt() {
  while (!isFresh()) {
    if (!locked()) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
      continue;
    }
    try {
      if (isFresh()) return;
      console.error('dist is older than the sources: npm run build');
      if (codeOf('npm', ['run', '--silent', 'build']) !== 0)
        throw new Error('The build failed, and a stale one is not run.');
      if (!isFresh()) throw new Error('A source changed while it was built.');
    } finally {
      rmSync(LOCK, { recursive: true, force: true });
    }
  }
}

/** A folder, because only one process can create it. It contains its creator's process id. */
function locked() {
  const owner = join(LOCK, 'pid');
  try {
    mkdirSync(LOCK);
    writeFileSync(owner, String(process.pid));
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  if (isAbandoned(owner)) rmSync(LOCK, { recursive: true, force: true });
  return false;
}

/** Its creator was killed: the process is gone, or did not write its id within a second. */
function isAbandoned(owner) {
  try {
    process.kill(Number(readFileSync(owner, 'utf8')), 0);
    return false;
  } catch (error) {
    if (error.code === 'ESRCH') return true;
    if (error.code !== 'ENOENT') return false;
  }
  try {
    return Date.now() - changedAt(LOCK) > 1_000;
  } catch {
    return false;
  }
}

/** For vitest: runs before each project's tests. */
export default ensureBuilt;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    ensureBuilt();
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
