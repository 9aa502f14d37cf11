#!/usr/bin/env node
/** `bd`: parses, runs one command, closes what it opened, and exits promptly with the command's code. */
import type { SandboxClient } from '../client/sandbox-client.js';
import type { Config } from '../platform/config.js';
import type { CommandContext } from './command.js';
import { groupFor } from './groups.js';
import { processIo, reportError } from './io.js';
import { parse } from './parse.js';

async function main(argv: readonly string[]): Promise<number> {
  const io = processIo;
  const json = argv.includes('--json');
  let client: Promise<SandboxClient> | undefined;
  try {
    const { group, rest } = groupFor(argv);
    const parsed = parse(group, rest);
    if (parsed === null) return 0;
    // Loaded here: its validation costs some 50 ms, which help has no use for.
    const { loadConfig } = await import('../platform/config.js');
    let config: Config | undefined;
    const context: CommandContext = {
      io,
      input: parsed.input,
      config: () => (config ??= loadConfig(io.env)),
      client: () =>
        (client ??= import('../client/sandbox-client.js').then(
          ({ SandboxClient }) => new SandboxClient(context.config()),
        )),
    };
    return (await parsed.command.run(context)) ?? 0;
  } catch (error) {
    return await reportError(io, error, json);
  } finally {
    await client?.then((open) => open.close()).catch(() => undefined);
  }
}

// A reader that has gone (`bd sandbox list | head`) is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : 1);
  });
}

process.exit(await main(process.argv.slice(2)));
