/** `bd sandbox destroy`: takes sandboxes away, and waits until nothing is left. */
import { SandboxError } from '../../domain/errors.js';
import type { DestroyResult, Control } from '../../control/control.js';
import { delay } from '../../platform/deadline.js';
import { JSON_OPTION, type Command, type CommandContext } from '../command.js';
import { CONFIRM_OPTIONS, confirmed } from '../confirm.js';
import { colours, note, print, printJson, reportError, usage, type Io } from '../io.js';
import { withLastingProgress } from '../progress.js';

/** How long a clean-up may be retried before the command says so and leaves it to continue (product.md, "CLI"). */
const PATIENCE_MS = 15_000;

type Outcome = DestroyResult | { readonly error: unknown };

export const destroyCommand: Command = {
  name: 'destroy',
  aliases: ['rm'],
  args: '[...sandboxes]',
  summary: 'Destroy sandboxes and everything they own',
  options: [
    { flags: '--all', description: 'All live sandboxes of the owner' },
    { flags: '--owner <owner>', description: 'With --all: whose (default: yours)' },
    ...CONFIRM_OPTIONS,
    { flags: '--wait', description: '--wait=false returns as soon as the workflow has been told' },
    JSON_OPTION,
  ],

  async run(context) {
    const { io, input, client } = context;
    const api = await client();
    const targets = await targetsOf(context, api);
    if (targets.length === 0) {
      if (input.flag('json')) return printJson(io, []);
      return note(io, 'Nothing to destroy.');
    }
    const [only = ''] = targets;
    const many = targets.length > 1 ? `${targets.length} sandboxes` : null;
    await confirmed(context, 'destroy', many ?? `sandbox ${only}`);
    const wait = input.flag('wait', true);
    // One spinner for all: side by side each would wipe out the others' lines.
    const outcomes = await withLastingProgress(io, `destroying ${many ?? only}`, () =>
      Promise.all(
        targets.map((target) =>
          destroyOne(api, target, wait).catch((error: unknown) => ({ error })),
        ),
      ),
    );
    return report(io, targets, outcomes, input.flag('json'));
  },
};

async function targetsOf({ input, config }: CommandContext, api: Control): Promise<string[]> {
  if (!input.flag('all')) {
    if (input.args.length === 0) {
      throw usage(
        'destroy: name a sandbox, or use --all',
        'Usage: bd sandbox destroy <sandbox>… | --all',
      );
    }
    return [...new Set(input.args)];
  }
  if (input.args.length > 0) throw usage('destroy: --all takes no names', 'Leave one of them out.');
  const live = await api.list({ owner: input.text('owner') ?? config().owner });
  return live.map(({ id }) => id);
}

async function destroyOne(api: Control, target: string, wait: boolean): Promise<DestroyResult> {
  const outcome = await api.destroy(target);
  if (outcome.alreadyDestroyed || !wait) return outcome;
  const { id: sandboxId } = outcome.sandbox;
  const ended = api.waitUntilDestroyed(sandboxId);
  const late = delay(PATIENCE_MS).then(() => null);
  const sandbox = await Promise.race([ended, late]);
  if (sandbox !== null) return { sandbox, alreadyDestroyed: false };
  ended.catch(() => undefined);
  const { cleanupError } = await api.status(sandboxId);
  throw new SandboxError(
    'SANDBOX_006',
    `the clean-up of ${target} is being retried and continues by itself; it waits for: ${cleanupError ?? 'its worker'}`,
  );
}

async function report(
  io: Io,
  targets: readonly string[],
  outcomes: readonly Outcome[],
  json: boolean,
): Promise<number> {
  const done = outcomes.filter((outcome) => 'sandbox' in outcome);
  const failures = outcomes.flatMap((outcome) => ('error' in outcome ? [outcome.error] : []));
  if (json) {
    if (failures.length > 0) return reportError(io, failures[0], true);
    await printJson(
      io,
      done.map(({ sandbox, alreadyDestroyed }) => ({ ...sandbox, alreadyDestroyed })),
    );
    return 0;
  }
  let exitCode = 0;
  const c = colours(io, io.stdout);
  for (const [i, outcome] of outcomes.entries()) {
    if ('error' in outcome)
      exitCode = Math.max(exitCode, await reportError(io, outcome.error, false));
    else {
      const { sandbox, alreadyDestroyed } = outcome;
      const state = alreadyDestroyed ? 'was already destroyed' : `is ${sandbox.status}`;
      await print(io, `${c.green('✓')} ${targets[i] ?? sandbox.id} ${state}`);
    }
  }
  return exitCode;
}
