/** `bd sandbox destroy`: takes sandboxes away, and waits until nothing is left. */
import { SandboxError } from '../../domain/errors.js';
import type { Sandbox } from '../../domain/sandbox.js';
import type { SandboxClient } from '../../client/sandbox-client.js';
import { parseSandboxId } from '../../domain/names.js';
import { delay } from '../../platform/deadline.js';
import { JSON_OPTION, type Command, type CommandContext } from '../command.js';
import { confirmed } from '../confirm.js';
import { colours, note, print, printJson, reportError, usage, type Io } from '../io.js';
import { withLastingProgress } from '../progress.js';

/** How long a clean-up may be retried before the command says so and leaves it to continue (product.md, "CLI"). */
const PATIENCE_MS = 15_000;

interface Outcome {
  readonly sandbox: Sandbox;
  readonly alreadyDestroyed: boolean;
}

export const destroyCommand: Command = {
  name: 'destroy',
  aliases: ['rm'],
  args: '[...sandboxes]',
  summary: 'Destroy sandboxes and everything they own',
  options: [
    { flags: '--all', description: 'All live sandboxes of the owner' },
    { flags: '--owner <owner>', description: 'With --all: whose (default: yours)' },
    { flags: '--confirm', description: 'Do not ask first' },
    { flags: '--yes', description: 'Do not ask first' },
    { flags: '--wait', description: '--wait=false returns once the workflow has it' },
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
    if (!input.flag('confirm') && !input.flag('yes'))
      await confirmed(io, 'destroy', many ?? `sandbox ${only}`);
    const json = input.flag('json');
    const wait = input.flag('wait', true);
    // One spinner for all: side by side each would wipe out the others' lines.
    const results = await withLastingProgress(io, `destroying ${many ?? only}`, () =>
      Promise.all(
        targets.map((target) =>
          destroyOne(api, target, wait).catch((error: unknown) => ({ error })),
        ),
      ),
    );
    return report(io, targets, results, json);
  },
};

async function targetsOf({ input, config }: CommandContext, api: SandboxClient): Promise<string[]> {
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

async function destroyOne(api: SandboxClient, target: string, wait: boolean): Promise<Outcome> {
  const outcome = await api.destroy(target);
  if (outcome.alreadyDestroyed || !wait) return outcome;
  const sandboxId = parseSandboxId(outcome.sandbox.id);
  const ended = api.destroyed(sandboxId);
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
  results: readonly (Outcome | { error: unknown })[],
  json: boolean,
): Promise<number> {
  const done = results.filter((result): result is Outcome => 'sandbox' in result);
  const failures = results.flatMap((result) => ('error' in result ? [result.error] : []));
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
  for (const [i, result] of results.entries()) {
    if ('error' in result)
      exitCode = Math.max(exitCode, await reportError(io, result.error, false));
    else {
      const state = result.alreadyDestroyed
        ? 'was already destroyed'
        : `is ${result.sandbox.status}`;
      await print(io, `${c.green('✓')} ${targets[i] ?? result.sandbox.id} ${state}`);
    }
  }
  return exitCode;
}
