/** Parses, runs one command, closes what it opened, and tells of any failure. */
import type { SandboxService } from '../control/sandbox-service.js';
import type { Config } from '../platform/config.js';
import type { CommandContext } from './command.js';
import { groupFor, GROUPS } from './groups.js';
import { asTyped, print, reportError, type Io } from './io.js';
import { parse } from './parse.js';

/** Also where the command line is not understood, so that a program can read why. Not what stands behind `--`. */
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? undefined : end).some((token) => /^--json(=true)?$/.test(token));
}

/** Runs one command line, whatever becomes of it. Returns the exit code. */
export async function runBd(argv: readonly string[], io: Io): Promise<number> {
  let json = asksForJson(argv);
  let client: Promise<SandboxService> | undefined;
  try {
    const { group, rest } = groupFor(argv);
    const parsed = parse(group, rest, GROUPS);
    if (parsed === 'version') {
      const { packageVersion } = await import('../platform/project-root.js');
      await print(io, packageVersion());
      return 0;
    }
    if ('help' in parsed) {
      await print(io, asTyped(io, parsed.help));
      return 0;
    }
    // Of `exec my-fix cat --json` it is the child's.
    json = parsed.input.flag('json');
    // Loaded here: its validation costs some 50 ms, which help has no use for.
    const { loadConfig } = await import('../platform/config.js');
    let config: Config | undefined;
    const context: CommandContext = {
      io,
      input: parsed.input,
      config: () => (config ??= loadConfig(io.env)),
      client: () =>
        (client ??= import('../control/sandbox-service.js').then(
          ({ SandboxService }) => new SandboxService(context.config()),
        )),
    };
    return (await parsed.command.run(context)) ?? 0;
  } catch (error) {
    return await reportError(io, error, json);
  } finally {
    await client?.then((open) => open.close()).catch(() => undefined);
  }
}
