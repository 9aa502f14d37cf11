/** `bd sandbox sweep`: runs the scheduled sweep now. */
import type { SweepReport } from '../../domain/sweep.js';
import { emfLine } from '../../platform/emf.js';
import { JSON_OPTION, type Command } from '../command.js';
import { print, printJson, usage, type Io } from '../io.js';
import { withLastingProgress } from '../progress.js';
import { table } from '../table.js';

export const sweepCommand: Command = {
  name: 'sweep',
  args: '',
  summary: 'Restart missing workflows and remove leftovers',
  options: [
    { flags: '--dry-run', description: 'Change nothing, only report' },
    {
      flags: '--repair',
      description: 'Also give each running sandbox its resources and credentials anew; data stays',
    },
    { flags: '--emf', description: 'Print CloudWatch metrics (for the scheduled task)' },
    JSON_OPTION,
  ],

  async run({ io, input, client }) {
    if (input.flag('emf') && input.flag('json'))
      throw usage('--emf and --json exclude each other', 'Leave one of them out.');
    const api = await client();
    const report = await withLastingProgress(io, 'sweeping', () =>
      api.sweep({ dryRun: input.flag('dryRun'), repair: input.flag('repair') }),
    );
    if (input.flag('emf')) await print(io, sweepEmf(report, new Date()));
    else if (input.flag('json')) await printJson(io, report);
    else await print(io, await sweepTable(io, report));
    return failuresIn(report) > 0 ? 1 : 0;
  },
};

const failuresIn = ({ orphans, repaired }: SweepReport): number =>
  [...orphans, ...repaired].filter(({ error }) => error !== undefined).length;

async function sweepTable(io: Io, { revived, repaired, orphans }: SweepReport): Promise<string> {
  const rows = [
    ...revived.map(({ sandboxId, status, as }) => ['row', sandboxId, `${status}, ${as}`]),
    ...repaired.map(({ sandboxId, error }) => ['sandbox', sandboxId, error ?? 'repaired']),
    ...orphans.map(({ kind, name, error, removed }) => [
      kind,
      name,
      error ?? (removed ? 'removed' : 'orphaned'),
    ]),
  ];
  return rows.length === 0 ? 'Nothing to sweep.' : table(io, ['What', 'Which', 'Outcome'], rows);
}

/** The metrics that the alarms of deploy/terraform read. */
function sweepEmf(report: SweepReport, time: Date): string {
  const { orphans, revived } = report;
  const removed = orphans.filter((orphan) => orphan.removed).length;
  return emfLine(
    'sweep',
    [
      { name: 'OrphanedResources', unit: 'Count', value: orphans.length - removed },
      { name: 'OrphansRemoved', unit: 'Count', value: removed },
      { name: 'RowsRevived', unit: 'Count', value: revived.length },
      { name: 'CleanupErrors', unit: 'Count', value: failuresIn(report) },
    ],
    time,
  );
}
