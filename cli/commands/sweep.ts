/** `bd sandbox sweep`: repairs and removes now what the schedule would later. */
import { JSON_OPTION, type Command } from '../command.js';
import { print, printJson } from '../io.js';
import { withLastingProgress } from '../progress.js';
import type { SandboxClient } from '../../client/sandbox-client.js';
import { emfLine } from '../../platform/emf.js';
import { table } from '../table.js';

export const sweepCommand: Command = {
  name: 'sweep',
  args: '',
  summary: 'Give rows their workflow back, and remove what no sandbox owns',
  options: [
    { flags: '--dry-run', description: 'Change nothing, only report' },
    { flags: '--emf', description: "Print CloudWatch's metrics of it (for the scheduled task)" },
    JSON_OPTION,
  ],

  async run({ io, input, client }) {
    const api = await client();
    const report = await withLastingProgress(io, 'sweeping', () =>
      api.sweep({ dryRun: input.flag('dryRun') }),
    );
    const failures = report.orphans.filter(({ error }) => error !== undefined).length;
    if (input.flag('emf')) {
      await print(io, sweepEmf(report, new Date()));
      return failures > 0 ? 1 : 0;
    }
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
    return failures > 0 ? 1 : 0;
  },
};

type SweepReport = Awaited<ReturnType<SandboxClient['sweep']>>;

/** What the alarms of deploy/terraform read. */
export function sweepEmf({ orphans, revived }: SweepReport, time: Date): string {
  const failed = orphans.filter(({ error }) => error !== undefined).length;
  const removed = orphans.filter((orphan) => orphan.removed).length;
  return emfLine(
    'sweep',
    [
      { name: 'OrphanedResources', unit: 'Count', value: orphans.length - removed },
      { name: 'OrphansRemoved', unit: 'Count', value: removed },
      { name: 'RowsRevived', unit: 'Count', value: revived.length },
      { name: 'CleanupErrors', unit: 'Count', value: failed },
    ],
    time,
  );
}
