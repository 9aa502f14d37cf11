/** `bd token revoke`: ends a token. */
import { JSON_OPTION, type Command } from '../../command.js';
import { print, printJson } from '../../io.js';
import { withLastingProgress } from '../../progress.js';

export const revokeTokenCommand: Command = {
  name: 'revoke',
  args: '<token>',
  summary: 'Revoke a token and every token that it created',
  options: [JSON_OPTION],

  async run({ io, input, client }) {
    const api = await client();
    const revoked = await withLastingProgress(io, 'revoking', () =>
      api.revokeToken(input.args[0] ?? ''),
    );
    if (input.flag('json')) return printJson(io, revoked);
    await print(io, `token ${revoked.id} of ${revoked.owner} is revoked`);
  },
};
