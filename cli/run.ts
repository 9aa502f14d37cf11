/** Parses, runs one command, closes its connections, and reports any failure. */
import type { Control } from '../domain/control.js';
import type { Config } from '../platform/config.js';
import { DIRECT_OPTION, type CommandContext } from './command.js';
import { groupFor } from './group-for.js';
import { asTyped, note, print, reportError, type Io } from './io.js';
import { openControl } from './open-control.js';
import { parse, type Parsed } from './parse.js';

const BUSY_EVERY_MS = 10_000;

/**
 * True if the words before `--` ask for JSON, even if the command line is invalid: a program can
 * then read the error.
 */
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? undefined : end).some((token) => /^--json(=true)?$/.test(token));
}

/** Prints now and then that the command waits for busy workers. */
function tellBusy(io: Io): (ahead: number) => void {
  let told = 0;
  return (ahead) => {
    if (Date.now() - told < BUSY_EVERY_MS) return;
    told = Date.now();
    void note(io, `The workers are busy: ${ahead} ${ahead === 1 ? 'task' : 'tasks'} ahead.`);
  };
}

/** Commands without the option are an operator's, such as those of the local stack. */
const isDirect = ({ command, input }: Parsed): boolean =>
  command.options?.includes(DIRECT_OPTION) !== true || input.flag('direct');

/** Runs one command line. Never rejects; returns the exit code. */
export async function runBd(argv: readonly string[], io: Io): Promise<number> {
  let json = asksForJson(argv);
  let client: Promise<Control> | undefined;
  try {
    const { group, rest, groups } = await groupFor(argv);
    const parsed = parse(group, rest, groups);
    if (parsed === 'version') {
      const { packageVersion } = await import('../platform/project-root.js');
      await print(io, packageVersion());
      return 0;
    }
    if ('help' in parsed) {
      await print(io, asTyped(io, parsed.help));
      return 0;
    }
    // In `exec my-fix cat --json` the option belongs to the child.
    json = parsed.input.flag('json');
    // Loaded here: help does not need it.
    const { loadConfig } = await import('../platform/config.js');
    let config: Config | undefined;
    const context: CommandContext = {
      io,
      input: parsed.input,
      config: () => (config ??= loadConfig(io.env)),
      client: () =>
        (client ??= openControl(context.config(), {
          direct: isDirect(parsed),
          onBusy: tellBusy(io),
        })),
    };
    return (await parsed.command.run(context)) ?? 0;
  } catch (error) {
    return await reportError(io, error, json);
  } finally {
    await client?.then((open) => open.close()).catch(() => undefined);
  }
}
