// Runs all tests with two local stacks. Two test files run at once, each on its own stack, and a
// stack that is free takes the next file. Tests wait as much as they work, so one file after the
// other leaves a core idle half of the time. Two fixed halves of the files ended 276 s apart.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { codeOf } from './installed.mjs';

const STACKS = 2;

/** Runs all tests, and removes both stacks. Returns the exit code. */
export async function runWhole(args, env, interrupted) {
  const homes = Array.from({ length: STACKS }, (_, i) =>
    mkdtempSync(join(tmpdir(), `sandbox-test-${i}-`)),
  );
  try {
    const code = await ended(
      spawn('node_modules/.bin/vitest', ['run', ...args], {
        env: { ...env, SANDBOX_TEST_HOMES: homes.join(delimiter) },
        stdio: 'inherit',
      }),
    );
    return interrupted.aborted ? 130 : code;
  } finally {
    // Without a terminal, vitest ends at once on Ctrl-C and leaves its stacks.
    for (const home of homes.filter((path) => existsSync(path))) {
      codeOf(process.execPath, ['dist/cli/main.js', 'dev', 'down', '--purge', '--yes'], {
        ...process.env,
        SANDBOX_HOME: home,
      });
      rmSync(home, { recursive: true, force: true });
    }
  }
}

function ended(child) {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve(code ?? 1);
    });
  });
}
