/**
 * `bd sandbox exec`: runs a command in a sandbox's environment. Prefer it to `eval "$(bd sandbox
 * connect x)" && bot`, which starts the bot even if `connect` fails.
 */
import { runChild } from '../child.js';
import { childEnvironment } from '../child-environment.js';
import type { Command } from '../command.js';
import { note, usage } from '../io.js';
import { noCredentials } from './connect.js';

export const execCommand: Command = {
  name: 'exec',
  args: '<sandbox>',
  rest: '-- command…',
  summary: 'Run a command in a sandbox’s environment',
  examples: [
    'bd sandbox exec my-fix -- node dist/examples/bot/main.js',
    'bd sandbox exec my-fix node dist/examples/bot/main.js',
    'bd sandbox exec my-fix -- sh -c \'psql "$DATABASE_URL"\'',
  ],

  async run({ io, input, client }) {
    const [command, ...args] = input.rest;
    if (command === undefined || command === '') {
      throw usage('exec: no command is given', 'Usage: bd sandbox exec <sandbox> -- command…');
    }
    const api = await client();
    const { environment, withoutCredentials } = await api.connection(input.args[0] ?? '');
    if (withoutCredentials !== null) {
      if (environment.DATABASE_URL === undefined) throw noCredentials('exec', withoutCredentials);
      // SANDBOX_REDIS_ACL=off or NATS without accounts. exec hands on no credentials of the caller,
      // so the command has none there.
      await note(io, `Some credentials are missing: ${withoutCredentials}.`);
    }
    // No connection stays open: the command may run for days.
    await api.close();
    return runChild(io, command, args, childEnvironment(io.env, environment));
  },
};
