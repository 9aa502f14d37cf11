// The first step of `npm run demo` and `npm test`: installs dependencies by the lock file and
// builds.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Runs a command with its output shown; returns its exit code. */
export function codeOf(command, args, env = process.env) {
  const { status, signal, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env });
  if (error) throw error;
  return status ?? (signal === 'SIGINT' ? 130 : 1);
}

/** The same; on failure ends this process with the command's code. */
export function run(command, args, env = process.env) {
  const code = codeOf(command, args, env);
  if (code !== 0) process.exit(code);
}

/** The npm that runs this script, if there is one. */
export const npm = (...args) =>
  process.env.npm_execpath
    ? run(process.execPath, [process.env.npm_execpath, ...args])
    : run('npm', args);

const packagesIn = (path) => {
  try {
    return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).packages ?? {};
  } catch {
    return {};
  }
};

/**
 * True if npm's record of installed packages matches the lock file, apart from optional packages of
 * other systems.
 */
export function asLocked(wanted, installed) {
  const same = (name, { version, integrity }) =>
    installed[name]?.version === version && installed[name]?.integrity === integrity;
  return (
    Object.keys(installed).every((name) => wanted[name] !== undefined) &&
    Object.entries(wanted).every(
      ([name, entry]) =>
        name === '' ||
        same(name, entry) ||
        (entry.optional === true && installed[name] === undefined),
    )
  );
}

/**
 * Runs `npm ci` if npm's record differs from the lock file, then builds. Without packages' scripts:
 * none is needed (as in deploy/Dockerfile), and with `ignore-scripts` `npm ci` would not build.
 */
export function installed() {
  const wanted = packagesIn('../package-lock.json');
  if (!asLocked(wanted, packagesIn('../node_modules/.package-lock.json')))
    npm('ci', '--ignore-scripts', '--no-audit', '--no-fund');
  npm('run', '--silent', 'build');
}
