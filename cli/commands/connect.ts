/** `bd sandbox connect`: what a bot needs to run in a sandbox, for `eval`. On failure nothing is printed to stdout. */
import { JSON_OPTION, type Command } from '../command.js';
import { note, print, usage } from '../io.js';
import { withProgress } from '../progress.js';
import { FORMATS, formatEnvironment, isFormat } from '../shell.js';

export const connectCommand: Command = {
  name: 'connect',
  aliases: ['env'],
  args: '<sandbox>',
  summary: 'Print the environment of a sandbox, with its own credentials',
  options: [
    { flags: '--format <format>', description: `${FORMATS.join(', ')} (default shell)` },
    { ...JSON_OPTION, description: 'The same as --format json' },
  ],
  examples: [
    'eval "$(bd sandbox connect my-fix)"',
    'bd sandbox connect my-fix --format fish | source',
  ],

  async run({ io, input, client }) {
    const format = input.flag('json') ? 'json' : (input.text('format') ?? 'shell');
    if (!isFormat(format)) {
      throw usage(
        `format ${JSON.stringify(format)} is not known`,
        `Use one of ${FORMATS.join(', ')}.`,
      );
    }
    const api = await client();
    const { environment, withoutCredentials } = await withProgress(io, 'reading', () =>
      api.connection(input.args[0] ?? ''),
    );
    if (withoutCredentials !== null) await note(io, `No credentials: ${withoutCredentials}.`);
    await print(io, formatEnvironment(environment, format));
  },
};
