// The first step of `npm run demo` and `npm test`: dependencies installed as the lock file has them, sources built.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = fileURLToPath(new URL('../node_modules/.installed', import.meta.url));

/** Runs a command with its output shown; its exit code. */
export function codeOf(command, args, env = process.env) {
  const { status, signal, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env });
  if (error) throw error;
  return status ?? (signal === 'SIGINT' ? 130 : 1);
}

/** The same; ends this process with its code where it fails. */
export function run(command, args, env = process.env) {
  const code = codeOf(command, args, env);
  if (code !== 0) process.exit(code);
}

/** The npm that runs this script, where one does. */
export const npm = (...args) =>
  process.env.npm_execpath
    ? run(process.execPath, [process.env.npm_execpath, ...args])
    : run('npm', args);

/**
 * `npm ci` where the lock file is not what was installed, then the build. Without the packages' own scripts: none is needed (as in
 * deploy/Dockerfile), and where npm is told to run none (`ignore-scripts`), `npm ci` alone would leave it unbuilt.
 */
export function installed() {
  const lock = createHash('sha256')
    .update(readFileSync(new URL('../package-lock.json', import.meta.url)))
    .digest('hex');
  const have = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
  if (have !== lock) {
    npm('ci', '--ignore-scripts', '--no-audit', '--no-fund');
    writeFileSync(stamp, lock);
  }
  npm('run', '--silent', 'build');
}
