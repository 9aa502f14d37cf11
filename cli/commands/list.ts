/** `bd sandbox list`: the live sandboxes. */
import { isSandboxStatus, SANDBOX_STATUSES } from '../../domain/status.js';
import { JSON_OPTION, type Command } from '../command.js';
import { note, print, printJson, usage } from '../io.js';
import { withProgress } from '../progress.js';
import { LIST_FIELDS, listRow, table } from '../table.js';

export const listCommand: Command = {
  name: 'list',
  aliases: ['ls'],
  args: '',
  summary: 'List the live sandboxes',
  options: [
    { flags: '--owner <owner>', description: 'Only sandboxes of this owner' },
    { flags: '--status <status>', description: 'Only these', values: SANDBOX_STATUSES },
    { flags: '--all', description: 'Include destroyed sandboxes' },
    JSON_OPTION,
  ],

  async run({ io, input, client }) {
    const owner = input.text('owner');
    const status = input.text('status');
    if (status !== undefined && !isSandboxStatus(status)) {
      throw usage(
        `status ${JSON.stringify(status)} is not known`,
        `Use one of ${SANDBOX_STATUSES.join(', ')}.`,
      );
    }
    const api = await client();
    const sandboxes = await withProgress(io, 'listing', () =>
      api.list({
        all: input.flag('all'),
        ...(owner === undefined ? {} : { owner }),
        ...(status === undefined ? {} : { status }),
      }),
    );
    if (input.flag('json')) return printJson(io, sandboxes);
    if (sandboxes.length === 0) {
      const filtered = owner !== undefined || status !== undefined;
      return note(
        io,
        filtered ? 'No such sandboxes.' : 'No sandboxes. `bd sandbox create` makes one.',
      );
    }
    const now = Date.now();
    await print(
      io,
      await table(
        io,
        LIST_FIELDS,
        sandboxes.map((sandbox) => listRow(io, sandbox, now)),
      ),
    );
  },
};
