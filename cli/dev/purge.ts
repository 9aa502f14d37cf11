/** `bd dev down --purge`: asks first if the stack has live sandboxes, or if that is unknown. */
import { counted } from '../../domain/counted.js';
import type { Config } from '../../platform/config.js';
import type { CommandContext } from '../command.js';
import { confirmed } from '../confirm.js';
import { note } from '../io.js';
import { withProgress } from '../progress.js';

const NAMES_SHOWN = 5;

/** @throws SANDBOX_008 unless the person confirms; nothing has changed then */
export async function confirmPurge(context: CommandContext): Promise<void> {
  const { io, config } = context;
  const { holdsData } = await import('../../deploy/stack/index.js');
  if (!holdsData(config())) return;
  const names = await withProgress(io, 'asking', () => liveSandboxes(config()));
  const stack = `the local stack of ${config().home}`;
  if (names === null) {
    await note(io, 'Its Postgres does not answer: whether sandboxes live in it is not known.');
    return confirmed(context, 'purge', stack);
  }
  if (names.length === 0) return;
  const more = names.length > NAMES_SHOWN ? ', …' : '';
  const shown = `${names.slice(0, NAMES_SHOWN).join(', ')}${more}`;
  const live = `${counted(names.length, 'live sandbox', 'live sandboxes')} (${shown})`;
  await confirmed(context, 'purge', `${stack} with ${live}`);
}

/**
 * Live sandboxes of the home's own stack, whatever addresses the environment names; null if
 * Postgres does not answer.
 */
async function liveSandboxes(config: Config): Promise<string[] | null> {
  const { openDirectControl } = await import('../../control/direct-control.js');
  try {
    await using control = openDirectControl({ ...config, given: {} });
    return (await control.list()).map(({ name }) => name);
  } catch {
    return null;
  }
}
