// Runs all tests in two halves at once, each with its own local stack. Tests wait as much as they
// work, so one run after the other leaves a core idle half of the time. Uses vitest's shards and
// merged report.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeOf } from './installed.mjs';

const HALVES = ['1/2', '2/2'];
const VITEST = 'node_modules/.bin/vitest';

/** Runs both halves and prints one report, unless `interrupted`. Returns the exit code. */
export async function runHalves(args, env, interrupted) {
  const aboutReport = (arg) => /^--(reporter|outputFile)/.test(arg);
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-halves-'));
  const homes = HALVES.map((_, i) => mkdtempSync(join(tmpdir(), `sandbox-test-${i}-`)));
  try {
    const codes = await Promise.all(
      HALVES.map((half, i) =>
        ended(
          spawn(
            VITEST,
            [
              'run',
              `--shard=${half}`,
              '--reporter=default',
              '--reporter=blob',
              `--outputFile.blob=${join(folder, `${i}.json`)}`,
              ...args.filter((arg) => !aboutReport(arg)),
            ],
            { env: { ...env, SANDBOX_TEST_HOME: homes[i] }, stdio: ['ignore', 'pipe', 'pipe'] },
          ),
        ),
      ),
    );
    if (interrupted.aborted) return 130;
    const merged = codeOf(VITEST, [
      'run',
      `--merge-reports=${folder}`,
      ...args.filter(aboutReport),
    ]);
    return Math.max(...codes, merged);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    // Without a terminal, vitest ends at once on Ctrl-C and leaves its stack.
    for (const home of homes.filter((path) => existsSync(path))) {
      codeOf(process.execPath, ['dist/cli/main.js', 'dev', 'down', '--purge', '--yes'], {
        ...process.env,
        SANDBOX_HOME: home,
      });
      rmSync(home, { recursive: true, force: true });
    }
  }
}

/** Through pipes: two processes on one terminal overwrite each other's lines. */
function ended(child) {
  child.stdout.pipe(process.stdout, { end: false });
  child.stderr.pipe(process.stderr, { end: false });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve(code ?? 1);
    });
  });
}
