/**
 * Python for tests of Python programs: a venv with the packages of a requirements file, or the
 * reason why there is none.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Exactly one of the two is not null. */
export interface Python {
  /** Path of the interpreter. */
  readonly path: string | null;
  /** The reason why this machine cannot run the programs. */
  readonly missing: string | null;
  remove(): void;
}

/** The version that the pinned packages need, and a `venv` that can install pip. */
const CHECK = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11, 3))';
const INSTALL_MS = 90_000;

export interface PythonOptions {
  /** False for a package of which only the files are used. Default true. */
  readonly withDependencies?: boolean;
}

export function preparePython(
  requirements: string,
  { withDependencies = true }: PythonOptions = {},
): Python {
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-python-'));
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  const path = join(folder, 'bin/python');
  const install = ['install', '--quiet', '--disable-pip-version-check', '--require-hashes'];
  if (!withDependencies) install.push('--no-deps');
  const steps: readonly (readonly [why: string, command: string, ...args: string[]])[] = [
    ['no Python 3.11.3 or newer with venv', 'python3', '-c', CHECK],
    ['python3 -m venv fails', 'python3', '-m', 'venv', folder],
    ['its packages cannot be installed', path, '-m', 'pip', ...install, '-r', requirements],
  ];
  for (const [why, command, ...args] of steps) {
    const { status, stderr } = spawnSync(command, args, { timeout: INSTALL_MS, encoding: 'utf8' });
    if (status === 0) continue;
    remove();
    // Undefined if the program could not be started.
    const last = (stderr as string | null)?.trim().split('\n').at(-1) ?? '';
    return { path: null, missing: last === '' ? why : `${why}: ${last}`, remove };
  }
  return { path, missing: null, remove };
}
