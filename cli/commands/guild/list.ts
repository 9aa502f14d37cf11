/** `bd guild list`: which owner may register which guild. */
import { JSON_OPTION, type Command } from '../../command.js';
import { note, print, printJson } from '../../io.js';
import { withProgress } from '../../progress.js';
import { table } from '../../table.js';

export const listGrantsCommand: Command = {
  name: 'list',
  aliases: ['ls'],
  args: '',
  summary: 'List the grants of guilds: your own, or everybody’s for an operator',
  options: [
    { flags: '--owner <owner>', description: "Only this owner's" },
    { flags: '--guild <guild>', description: 'Only of this guild' },
    JSON_OPTION,
  ],

  async run({ io, input, client }) {
    const [owner, guild] = [input.text('owner'), input.text('guild')];
    const api = await client();
    const grants = await withProgress(io, 'listing', () =>
      api.listGrants({
        ...(owner === undefined ? {} : { owner }),
        ...(guild === undefined ? {} : { guild }),
      }),
    );
    if (input.flag('json')) return printJson(io, grants);
    if (grants.length === 0) return note(io, 'No grants. An operator makes one: `bd guild grant`.');
    const now = Date.now();
    const rows = grants.map(({ guildId, owner: holder, grantedBy, grantedAt, until }) => [
      ...[guildId, holder, grantedBy, grantedAt],
      until === null ? '-' : Date.parse(until) > now ? until : `ended ${until}`,
    ]);
    await print(io, await table(io, ['Guild', 'Owner', 'Granted by', 'Granted', 'Until'], rows));
  },
};
