/** `bd migrate`: creates or updates what the product needs on every server. */
import { JSON_OPTION, type Command } from '../command.js';
import { print, printJson } from '../io.js';
import { withProgress } from '../progress.js';

export const migrateCommand: Command = {
  name: 'migrate',
  args: '',
  summary: 'Create or update tables, roles, streams, search attributes and schedule',
  options: [
    { flags: '--check', description: 'Change nothing; exit 1 if anything differs' },
    JSON_OPTION,
  ],

  async run({ io, input, config }) {
    const check = input.flag('check');
    const { addressesFor } = await import('../../platform/stack-file.js');
    const { migrate } = await import('../../migrate/index.js');
    const { changes } = await withProgress(io, 'migrating', () =>
      migrate(addressesFor(config(), 'admin'), config(), { check }),
    );
    if (input.flag('json')) await printJson(io, { changes });
    else
      await print(io, changes.length === 0 ? 'Everything is as it should be.' : changes.join('\n'));
    return check && changes.length > 0 ? 1 : 0;
  },
};
