/** How `bd discord` reaches the local stack's simulated Discord. */
import { messageOf, SandboxError } from '../../domain/errors.js';
import { DiscordError } from '../../discord/rest-errors.js';
import type { DiscordControl } from '../../edge/simulated/control/control.js';
import { readStackFile } from '../../platform/stack-file.js';
import type { CommandContext } from '../command.js';
import { withProgress } from '../progress.js';

/**
 * Runs one question.
 * @throws SANDBOX_009 without a stack, SANDBOX_008 with the reason of a refusal
 */
export async function ask<T>(
  { config, io }: CommandContext,
  what: string,
  question: (discord: DiscordControl, url: string) => Promise<T>,
): Promise<T> {
  const { home } = config();
  const found = readStackFile(home)?.discord;
  if (found === undefined) throw away(`no simulated Discord runs in ${home}`);
  const { HttpControl } = await import('../../edge/simulated/control/http-control.js');
  const discord = new HttpControl(found.url, found.secret);
  return withProgress(io, what, () => question(discord, found.url)).catch((error: unknown) => {
    if (error instanceof DiscordError) {
      throw new SandboxError('SANDBOX_008', `simulated Discord refuses: ${error.message}`, {
        hint: '`bd discord guilds` shows the guilds. A command exists once a bot has registered it.',
      });
    }
    throw away(`simulated Discord does not answer: ${messageOf(error)}`);
  });
}

const away = (message: string): SandboxError =>
  new SandboxError('SANDBOX_009', message, {
    hint: 'Start it with `bd dev up`; `bd dev status` shows it.',
    details: { dependency: 'discord' },
  });
