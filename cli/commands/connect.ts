/** `bd sandbox connect`: what a bot needs to run in a sandbox, for `eval`. On failure nothing is printed to stdout. */
import { JSON_OPTION, type Command } from '../command.js';
import { note, print, usage } from '../io.js';
import { withProgress } from '../progress.js';
import { FORMATS, forgetVariables, formatEnvironment, isFormat } from '../shell.js';

/** The `nats` command takes these before the login in NATS_URL: after `bd dev env` it would be the administrator. */
const OVER_THE_ADDRESS = ['NATS_CREDS', 'NATS_NKEY', 'NATS_JWT', 'NATS_SEED', 'NATS_CONTEXT'];

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
    const forgotten =
      environment.NATS_URL === undefined ? null : forgetVariables(OVER_THE_ADDRESS, format);
    const variables = formatEnvironment(environment, format);
    await print(io, forgotten === null ? variables : `${forgotten}\n${variables}`);
  },
};
