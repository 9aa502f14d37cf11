/** `bd sandbox extend`: moves the expiry. */
import { JSON_OPTION, type Command } from '../command.js';
import { print, printJson } from '../io.js';
import { withLastingProgress } from '../progress.js';

export const extendCommand: Command = {
  name: 'extend',
  args: '<sandbox> <duration>',
  summary: 'Add time to a sandbox',
  options: [
    { flags: '--clamp', description: 'Extend to the maximum if the duration exceeds it' },
    JSON_OPTION,
  ],
  examples: ['bd sandbox extend my-fix 4h', 'bd sandbox extend my-fix 30d --clamp'],

  async run({ io, input, client }) {
    const api = await client();
    const [sandbox = '', duration = ''] = input.args;
    const outcome = await withLastingProgress(io, 'extending', () =>
      api.extend(sandbox, duration, { clamp: input.flag('clamp') }),
    );
    if (input.flag('json')) return printJson(io, { ...outcome.sandbox, clamped: outcome.clamped });
    const clamped = outcome.clamped ? ' (cut to the maximum from now)' : '';
    await print(io, `${outcome.sandbox.name} expires ${outcome.sandbox.expiresAt}${clamped}`);
  },
};
