/** What the sources of binaries have in common: running a tool with a limit, and saying why a source gave nothing. */
import { spawn } from 'node:child_process';
import { tied } from '../tie.js';

/** A source that gave nothing, with the reason; the next one is tried at once. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

export interface ToolOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Descriptors that become 3, 4, … in the tool; they stay the caller's. */
  readonly passFds?: readonly number[];
}

export interface ToolResult {
  readonly code: number;
  readonly output: string;
}

const KEPT_OUTPUT = 16_384;

/** Runs to its end and returns what it printed (both streams). @throws Refused where it is missing or too slow */
export function runTool(
  command: string,
  args: readonly string[],
  options: ToolOptions,
): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const { timeoutMs, env, signal, user, passFds = [] } = options;
    const child = spawn(...tied(command, args, 'SIGKILL'), {
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe', ...passFds],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      ...(env === undefined ? {} : { env: { ...env } }),
      ...(signal === undefined ? {} : { signal }),
      ...user,
    });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-KEPT_OUTPUT);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.once('error', (error: NodeJS.ErrnoException) => {
      reject(new Refused(error.code === 'ENOENT' ? 'not found' : error.message));
    });
    child.once('close', (code, killedBy) => {
      if (code === 127) reject(new Refused('not found'));
      else if (code !== null) resolve({ code, output });
      else if (killedBy === 'SIGKILL') reject(new Refused(`no end within ${timeoutMs / 1_000} s`));
      else reject(new Refused(`ended by ${killedBy ?? 'a signal'}`));
    });
  });
}

export function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim() ?? '';
}
