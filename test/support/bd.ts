/** Runs the compiled `bd` as a user would, and gives what it printed. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { inject } from 'vitest';
import { projectRoot } from '../../platform/project-root.js';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly millis: number;
}

/** @param env beside PATH and HOME; the run's stack unless it names another SANDBOX_HOME */
export function bd(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [join(projectRoot(), 'dist/cli/main.js'), ...args], {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      SANDBOX_HOME: inject('home'),
      SANDBOX_OWNER: 'tester',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code, stdout, stderr, millis: performance.now() - startedAt });
    });
  });
}
