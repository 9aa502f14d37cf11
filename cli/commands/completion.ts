/** `bd completion`: a shell's completion script, made from the definitions of the commands. */
import type { Command, Group } from '../command.js';
import { print, usage } from '../io.js';

/** Each is loaded on use. */
const SHELLS: Readonly<Record<string, () => Promise<(groups: readonly Group[]) => string>>> = {
  bash: async () => (await import('../completion/bash.js')).bashCompletion,
  zsh: async () => (await import('../completion/zsh.js')).zshCompletion,
  fish: async () => (await import('../completion/fish.js')).fishCompletion,
};

/** @param groups loads all of them; one of them holds this command */
export function completionCommand(groups: () => Promise<readonly Group[]>): Command {
  return {
    name: 'completion',
    args: '<shell>',
    argValues: Object.keys(SHELLS),
    summary: 'Print a completion script for bash, zsh or fish',
    examples: ['source <(bd completion bash)', 'bd completion fish | source'],

    async run({ io, input }) {
      const [shell = ''] = input.args;
      const load = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
      if (load === undefined) {
        throw usage(
          `shell ${JSON.stringify(shell.slice(0, 60))} is not known`,
          `Use one of ${Object.keys(SHELLS).join(', ')}.`,
        );
      }
      const script = await load();
      await print(io, script(await groups()));
    },
  };
}
