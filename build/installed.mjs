// The first step of `npm run demo` and `npm test`: dependencies installed as the lock file has them, sources built.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

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

const packagesIn = (path) => {
  try {
    return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).packages ?? {};
  } catch {
    return {};
  }
};

/** Whether what npm says that it has installed is what the lock file wants, optional packages of other systems aside. */
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
 * `npm ci` where the lock file is not what was installed, by npm's own record of it, then the build. Without the packages' own
 * scripts: none is needed (as in deploy/Dockerfile), and where npm is told to run none (`ignore-scripts`), `npm ci` alone would
 * leave it unbuilt.
 */
export function installed() {
  const wanted = packagesIn('../package-lock.json');
  if (!asLocked(wanted, packagesIn('../node_modules/.package-lock.json')))
    npm('ci', '--ignore-scripts', '--no-audit', '--no-fund');
  npm('run', '--silent', 'build');
}
