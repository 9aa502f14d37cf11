/** `bd guild grant`: lets an owner register a guild. */
import { JSON_OPTION, type Command } from '../../command.js';
import { print, printJson } from '../../io.js';
import { withLastingProgress } from '../../progress.js';

export const grantGuildCommand: Command = {
  name: 'grant',
  args: '<guild> <owner>',
  summary: 'Let an owner register a guild (operators)',
  options: [
    {
      flags: '--until <time>',
      description: 'Its end, such as 2099-01-31 or 2099-01-31T12:00:00Z',
      default: 'until it is revoked',
    },
    JSON_OPTION,
  ],
  examples: ['bd guild grant 1234567890123456789 ada --until 2099-01-31'],

  async run({ io, input, client }) {
    const api = await client();
    const [guildId = '', owner = ''] = input.args;
    const until = input.text('until');
    const grant = await withLastingProgress(io, 'granting', () =>
      api.grantGuild({ guildId, owner, ...(until === undefined ? {} : { until }) }),
    );
    if (input.flag('json')) return printJson(io, grant);
    const end = grant.until === null ? 'until it is revoked' : `until ${grant.until}`;
    await print(io, `guild ${grant.guildId} is granted to ${grant.owner} ${end}`);
  },
};
