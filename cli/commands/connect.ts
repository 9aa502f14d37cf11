/**
 * `bd sandbox connect`: prints a sandbox's environment for a shell. On failure stdout stays empty.
 */
import { SandboxError } from '../../domain/errors.js';
import { MISSING_SUBKEYS } from '../../domain/missing-subkeys.js';
import { JSON_OPTION, type Command } from '../command.js';
import { note, print, usage } from '../io.js';
import { withProgress } from '../progress.js';
import { FORMATS, forgetVariables, formatEnvironment, isFormat } from '../shell.js';

/**
 * The `nats` program prefers these variables to the login in NATS_URL. After `bd dev env` they hold
 * the administrator's credentials.
 */
const OVER_THE_ADDRESS = ['NATS_CREDS', 'NATS_NKEY', 'NATS_JWT', 'NATS_SEED', 'NATS_CONTEXT'];

export const connectCommand: Command = {
  name: 'connect',
  aliases: ['env'],
  args: '<sandbox>',
  summary: 'Print the environment of a sandbox, with its own credentials',
  options: [
    { flags: '--format <format>', description: 'One of', values: FORMATS, default: 'shell' },
    {
      flags: '--identifiers-only',
      description: 'Print only names and prefixes, no credentials',
    },
    { ...JSON_OPTION, description: 'The same as --format json' },
  ],
  examples: [
    'bd sandbox exec my-fix -- node dist/examples/bot/main.js',
    'environment="$(bd sandbox connect my-fix)" && eval "$environment"',
    'bd sandbox connect my-fix --format fish | source',
  ],

  async run({ io, input, client }) {
    const asked = input.text('format');
    if (input.flag('json') && asked !== undefined && asked !== 'json')
      throw usage(`--json and --format ${asked} exclude each other`, 'Leave one of them out.');
    const format = input.flag('json') ? 'json' : (asked ?? 'shell');
    if (!isFormat(format)) {
      throw usage(
        `format ${JSON.stringify(format)} is not known`,
        `Use one of ${FORMATS.join(', ')}.`,
      );
    }
    const api = await client();
    const { environment, identifiers, withoutCredentials } = await withProgress(io, 'reading', () =>
      api.connection(input.args[0] ?? ''),
    );
    if (input.flag('identifiersOnly')) {
      await note(io, `No credentials: ${withoutCredentials ?? 'only identifiers were asked for'}.`);
      return print(io, formatEnvironment(identifiers, format));
    }
    // Without addresses a bot would use those of its shell, perhaps production's.
    if (withoutCredentials !== null) throw noCredentials('connect', withoutCredentials);
    const forgotten =
      environment.NATS_URL === undefined ? null : forgetVariables(OVER_THE_ADDRESS, format);
    const variables = formatEnvironment(environment, format);
    await print(io, forgotten === null ? variables : `${forgotten}\n${variables}`);
  },
};

/** SANDBOX_010: this machine does not know the sandbox's passwords. For `connect` and `exec`. */
export function noCredentials(command: string, reason: string): SandboxError {
  return new SandboxError('SANDBOX_010', `${command} needs credentials: ${reason}`, {
    hint: `${MISSING_SUBKEYS} \`bd sandbox connect <sandbox> --identifiers-only\` prints the rest.`,
  });
}
