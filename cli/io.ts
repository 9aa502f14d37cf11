/** Output: results to stdout, everything else to stderr, colours only on a terminal. */
import pc from 'picocolors';
import { SandboxError, unexpected } from '../domain/errors.js';

export interface Io {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The exit code after Ctrl-C, as in shells. */
export const INTERRUPTED = 130;

export const processIo: Io = { stdout: process.stdout, stderr: process.stderr, env: process.env };

/** Resolves when the text has left the process: an earlier exit would cut a pipe at 64 KiB. */
export function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => {
      // The reader has closed the pipe (`| head`). That is no failure.
      if (error != null && (error as NodeJS.ErrnoException).code !== 'EPIPE') reject(error);
      else resolve();
    });
  });
}

export const print = (io: Io, text: string): Promise<void> => write(io.stdout, `${text}\n`);
/** Prints to stderr, with commands as the reader has to type them. */
export const note = (io: Io, text: string): Promise<void> =>
  write(io.stderr, `${asTyped(io, text)}\n`);

/**
 * Writes the commands in a text as the reader has to type them: `npx bd` if `bd` was started so.
 */
export function asTyped({ env }: Io, text: string): string {
  const byNpx = env.npm_lifecycle_event === 'npx' && /^'?bd\b/.test(env.npm_lifecycle_script ?? '');
  return byNpx ? text.replace(/(`|\$\(|\$ |: +)bd (?=[a-z])/g, '$1npx bd ') : text;
}

export const printJson = (io: Io, value: unknown): Promise<void> =>
  print(io, JSON.stringify(value, null, 2));

/** Columns of the terminal; 80 without a terminal, or if its width is unknown (0). */
export const terminalWidth = ({ stdout }: Io): number =>
  stdout.isTTY && stdout.columns > 0 ? stdout.columns : 80;

/**
 * Colours on a capable terminal or with FORCE_COLOR; never with NO_COLOR (https://no-color.org).
 */
export function colours(
  io: Io,
  stream: { readonly isTTY?: boolean },
): ReturnType<typeof pc.createColors> {
  const forced = io.env.FORCE_COLOR !== undefined && io.env.FORCE_COLOR !== '0';
  const wanted = io.env.NO_COLOR === undefined || io.env.NO_COLOR === '';
  // `isTTY` is undefined on a pipe. Given undefined, picocolors uses colours whenever CI is set.
  const onTerminal = stream.isTTY === true && io.env.TERM !== 'dumb';
  return pc.createColors(wanted && (forced || onTerminal));
}

/**
 * Prints every failure in one form. With `--json`: an object on stderr, nothing on stdout. Returns
 * the exit code.
 */
export async function reportError(io: Io, error: unknown, json: boolean): Promise<number> {
  const known = unexpected(error);
  if (json) {
    await note(io, JSON.stringify({ error: known }));
  } else {
    const c = colours(io, io.stderr);
    await note(io, `${c.red(known.code)} ${known.message}\n${c.dim(known.hint)}`);
    if (known !== error && io.env.LOG_LEVEL === 'debug' && error instanceof Error)
      await note(io, error.stack ?? '');
  }
  return known.exitCode;
}

/** An error in the command line: exit code 2. */
export function usage(message: string, hint: string): SandboxError {
  return new SandboxError('SANDBOX_008', message, { hint });
}
