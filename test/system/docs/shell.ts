/**
 * A shell for readers of the documentation: `bd` is on PATH, and so is every other tool of the
 * pages.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { delay } from '../../../platform/deadline.js';
import { projectRoot } from '../../../platform/project-root.js';

export interface Typed {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface TypeOptions {
  /** Answer to a question. The line is then typed in a terminal (`script` makes one). */
  readonly answer?: string;
  /** For a command that does not end: the output that shows that it works. It then gets Ctrl-C. */
  readonly until?: RegExp;
  /** Repeated until that output appears. */
  readonly meanwhile?: () => Promise<unknown>;
  /** Done once after that output, before the Ctrl-C. */
  readonly then?: () => Promise<unknown>;
}

export interface Shell {
  /** Types one line, or several. */
  type(line: string, options?: TypeOptions): Promise<Typed>;
  readonly env: Readonly<Record<string, string>>;
  close(): void;
}

/** Tools of other projects on the pages: the machine's own if it has them, else our stand-in. */
const TOOLS = ['psql', 'redis-cli', 'nats', 'jq'] as const;

const has = (tool: string): boolean => spawnSync('which', [tool]).status === 0;
const PATIENCE_MS = 120_000;

/** @param bd the executable behind `bd` and `npx bd`; @param cwd the reader's folder */
export function openShell(
  env: Readonly<Record<string, string>>,
  cwd = projectRoot(),
  bd = join(projectRoot(), 'dist/cli/main.js'),
): Shell {
  const folder = mkdtempSync(join(tmpdir(), 'reader-'));
  const put = (name: string, script: string): void => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  };
  put('bd', `exec ${process.execPath} ${bd} "$@"`);
  // Real npx takes half a second each time. first-day.test.ts shows that it finds `bd`.
  put('npx', `[ "$1" = bd ] || exit 127; shift; exec ${process.execPath} ${bd} "$@"`);
  const standIn = join(projectRoot(), 'dist/test/system/docs/stand-ins.js');
  for (const tool of TOOLS)
    if (!has(tool)) put(tool, `exec ${process.execPath} ${standIn} ${tool} "$@"`);
  const whole = {
    PATH: `${folder}:${process.env.PATH ?? ''}`,
    HOME: process.env.HOME ?? folder,
    ...(process.env.NODE_V8_COVERAGE === undefined
      ? {}
      : { NODE_V8_COVERAGE: process.env.NODE_V8_COVERAGE }),
    ...env,
  };
  const running = new Set<number>();
  return {
    env: whole,
    type: (line, options = {}) => typed(line, options, { env: whole, cwd, running }),
    close: () => {
      // Lines of a test that timed out.
      for (const pid of running) process.kill(-pid, 'SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Surroundings {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Process groups of running lines. */
  readonly running: Set<number>;
}

const BASH = ['--norc', '-o', 'pipefail', '-c'] as const;
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

function typed(
  line: string,
  { answer, until, meanwhile, then }: TypeOptions,
  { env, cwd, running }: Surroundings,
): Promise<Typed> {
  // `script` gives its command a terminal, and passes its own input on.
  const [command, args] =
    answer === undefined
      ? ['bash', [...BASH, line]]
      : ['script', ['-qec', `bash ${BASH.join(' ')} ${quoted(line)}`, '/dev/null']];
  // Its own process group, so that Ctrl-C reaches all of a pipe.
  const child = spawn(command, args, { env, cwd, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  const { pid = 0 } = child;
  if (pid > 0) running.add(pid);
  const output = { stdout: '', stderr: '' };
  let ended = false;
  const signal = (name: NodeJS.Signals): void => {
    if (!ended && pid > 0) process.kill(-pid, name);
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
    // A person answers after the question has appeared.
    if (answer !== undefined && /\?.*\(y\/N\)/.test(output.stdout)) child.stdin.end(`${answer}\r`);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  if (answer === undefined) child.stdin.end();
  const late = setTimeout(() => {
    signal('SIGKILL');
  }, PATIENCE_MS);
  const use = async (seen: RegExp): Promise<void> => {
    while (!ended && !seen.test(`${output.stdout}${output.stderr}`))
      await (meanwhile?.() ?? delay(20));
    if (!ended) await then?.();
    signal('SIGINT');
  };
  const used = until === undefined ? Promise.resolve() : use(until);
  return new Promise((resolve, reject) => {
    used.catch(reject);
    child.once('error', reject);
    child.once('close', (code) => {
      ended = true;
      running.delete(pid);
      clearTimeout(late);
      void used.then(() => {
        resolve({ code, ...output });
      });
    });
  });
}
