/** `bd sandbox destroy`: destroys sandboxes and waits until nothing is left of them. */
import { JSON_OPTION, type Command } from '../command.js';
import { CONFIRM_OPTIONS, confirmed } from '../confirm.js';
import { destroyOne } from '../destroy/destroy-one.js';
import { reportJson, reportLines } from '../destroy/report.js';
import { named, targetsOf } from '../destroy/targets.js';
import { note, printJson, reportError } from '../io.js';
import { withLastingProgress } from '../progress.js';

export const destroyCommand: Command = {
  name: 'destroy',
  aliases: ['rm'],
  args: '[...sandboxes]',
  summary: 'Destroy sandboxes and everything they own',
  options: [
    { flags: '--all', description: 'All live sandboxes of the owner' },
    { flags: '--owner <owner>', description: 'The owner for --all', default: 'you' },
    ...CONFIRM_OPTIONS,
    {
      flags: '--wait',
      description: '--wait=false returns once the workflow has accepted the destroy',
    },
    JSON_OPTION,
  ],
  examples: ['bd sandbox destroy my-fix', 'bd sandbox destroy --all --yes'],

  async run(context) {
    const { io, input, client } = context;
    const json = input.flag('json');
    const api = await client();
    const { known, unknown } = await targetsOf(context, api);
    // Unknown names are reported before the question: the person sees a typing error before any
    // change.
    let exitCode = 0;
    if (!json) for (const error of unknown) exitCode = await reportError(io, error, false);
    if (known.length === 0 && unknown.length === 0) {
      return json ? printJson(io, []) : note(io, 'Nothing to destroy.');
    }
    const alive = known.filter(({ status }) => status !== 'destroyed');
    if (alive.length > 0) {
      const names = alive.map(({ shown }) => shown);
      await confirmed(context, 'destroy', named(alive), names);
    }
    // One spinner for all: several spinners erase each other's lines.
    const outcomes = await withLastingProgress(io, `destroying ${named(known)}`, () =>
      Promise.all(
        known.map((target) =>
          destroyOne(api, target, input.flag('wait', true)).catch((error: unknown) => ({ error })),
        ),
      ),
    );
    if (json) return reportJson(io, unknown, outcomes);
    return Math.max(exitCode, await reportLines(io, known, outcomes));
  },
};
