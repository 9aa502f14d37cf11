/** `bd sandbox sweep`: repairs and removes now what the schedule would later. */
import { JSON_OPTION, type Command } from '../command.js';
import { print, printJson } from '../io.js';
import { withProgress } from '../progress.js';
import { table } from '../table.js';

export const sweepCommand: Command = {
  name: 'sweep',
  args: '',
  summary: 'Give rows their workflow back, and remove what no sandbox owns',
  options: [{ flags: '--dry-run', description: 'Change nothing, only report' }, JSON_OPTION],

  async run({ io, input, client }) {
    const api = await client();
    const report = await withProgress(io, 'sweeping', () =>
      api.sweep({ dryRun: input.flag('dryRun') }),
    );
    if (input.flag('json')) return printJson(io, report);
    const rows = [
      ...report.revived.map(({ sandboxId, status, as }) => ['row', sandboxId, `${status}, ${as}`]),
      ...report.orphans.map((orphan) => [
        orphan.kind,
        orphan.name,
        orphan.error ?? (orphan.removed ? 'removed' : 'orphaned'),
      ]),
    ];
    await print(
      io,
      rows.length === 0 ? 'Nothing to sweep.' : await table(io, ['What', 'Which', 'Outcome'], rows),
    );
    return report.orphans.some(({ error }) => error !== undefined) ? 1 : 0;
  },
};
