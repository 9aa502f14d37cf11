// Nothing runs a stale `dist`: `node build/fresh.mjs` before a command, or as vitest's globalSetup, builds it where a source
// has changed since. What tsc read is in its own record, .tsbuildinfo, so a touched file or a checkout costs no build.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { codeOf } from './installed.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
/** The last file that a build writes. */
const BUNDLE = join(dist, 'workflow-bundle.js');
/** What a build depends on beside the sources. */
const SETTINGS = ['tsconfig.json', 'package-lock.json'];
/** Held by the process that builds; the others wait. */
const LOCK = join(root, 'node_modules/.building');

/** Vitest runs a test file from its source: a change of one needs no build. */
const matters = (path) => path.endsWith('.ts') && !path.endsWith('.test.ts');

function* filesBelow(folder, ending) {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    if (name.endsWith(ending)) yield join(folder, name);
}

/** As tsconfig.json includes them: `*.ts` are those of the root. */
function sources() {
  const { include, exclude } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'));
  const found = include.flatMap((name) =>
    name === '*.ts'
      ? readdirSync(root).filter((file) => file.endsWith('.ts'))
      : [...filesBelow(join(root, name), '.ts')].map((path) => relative(root, path)),
  );
  return found.filter((path) => matters(path) && !exclude.includes(path));
}

/** By path, the hash of the text that tsc has compiled; null where the output was not written, as by `tsc --noEmit`. */
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

/** Whether `dist` is what a build of today's sources would make. */
export function isFresh() {
  try {
    const known = compiled();
    const finished = changedAt(BUNDLE);
    const written = [...filesBelow(dist, '.js')].filter((path) => !path.endsWith('.test.js'));
    return (
      SETTINGS.every((name) => changedAt(join(root, name)) <= finished) &&
      // A build that failed behind the compiler has left newer files than the bundle.
      written.every((path) => changedAt(path) <= finished) &&
      sources().every((path) => known.has(path)) &&
      [...known].every(([path, hash]) => hash === hashOf(path))
    );
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
}

/** Builds where it must; of several processes one does, and the others wait for it. Throws where the build fails. */
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

/** A folder, since only one process can make it; it holds its maker's id. */
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

/** Its maker was killed: it runs no more, or has not even written its id within a second. */
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

/** Of vitest: before each project's tests. */
export default ensureBuilt;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    ensureBuilt();
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
