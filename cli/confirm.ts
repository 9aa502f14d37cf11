/** Asks before a change that cannot be undone. Without a terminal, the command needs `--yes`. */
import { SandboxError } from '../domain/errors.js';
import type { CommandContext, OptionSpec } from './command.js';
import { INTERRUPTED, note, usage } from './io.js';

/** Options of a command that asks. Both say yes. */
export const CONFIRM_OPTIONS: readonly OptionSpec[] = [
  { flags: '--confirm', description: 'Do not ask first' },
  { flags: '--yes', description: 'Do not ask first' },
];

/**
 * Asks "Destroy sandbox x and all data in it?" for the verb `destroy` and `sandbox x`.
 * @param names of several objects: listed above the question, because a long question wraps inside
 * a word
 * @throws SANDBOX_008 unless the person says yes
 */
export async function confirmed(
  { io, input }: CommandContext,
  verb: string,
  what: string,
  names: readonly string[] = [],
): Promise<void> {
  if (input.flag('confirm') || input.flag('yes')) return;
  if (!process.stdin.isTTY || !io.stderr.isTTY) {
    throw usage(
      `to ${verb} ${what} needs a confirmation, and there is no terminal to ask on`,
      'Add --yes.',
    );
  }
  const { default: confirm } = await import('@inquirer/confirm');
  if (names.length > 1) await note(io, names.map((name) => `  ${name}`).join('\n'));
  const them = names.length > 1 ? 'them' : 'it';
  const message = `${verb.charAt(0).toUpperCase()}${verb.slice(1)} ${what} and all data in ${them}?`;
  // Ctrl-D closes the input without an answer, and Node then pauses stdin. Without this the command
  // would wait until nothing else is open, and then end with exit code 0.
  const closed = new AbortController();
  const onPause = (): void => {
    closed.abort();
  };
  process.stdin.once('pause', onPause);
  const agreed = await confirm(
    { message, default: false },
    { output: io.stderr, signal: closed.signal },
  )
    .catch((error: unknown) => {
      if (error instanceof Error && error.name === 'AbortPromptError') return false;
      // Ctrl-C.
      if (error instanceof Error && error.name === 'ExitPromptError') return null;
      throw error;
    })
    .finally(() => process.stdin.off('pause', onPause));
  if (agreed === true) return;
  if (agreed === null) {
    await note(io, 'Interrupted: nothing was changed.');
    process.exit(INTERRUPTED);
  }
  throw new SandboxError('SANDBOX_008', 'not done: it was not confirmed', {
    hint: 'Nothing was changed.',
  });
}
