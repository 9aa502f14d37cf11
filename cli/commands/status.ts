/** `bd sandbox status`: checks a sandbox on every server. */
import { JSON_OPTION, type Command } from '../command.js';
import { healthText } from '../health-text.js';
import { print, printJson } from '../io.js';
import { withProgress } from '../progress.js';

export const statusCommand: Command = {
  name: 'status',
  args: '<sandbox>',
  summary: 'Check a sandbox: healthy, degraded or unhealthy, and why',
  options: [{ flags: '--exit-code', description: 'Exit 1 unless it is healthy' }, JSON_OPTION],
  examples: ['bd sandbox status my-fix', 'bd sandbox status my-fix --exit-code --json'],

  async run({ io, input, client }) {
    const api = await client();
    const status = await withProgress(io, 'asking the servers', () =>
      api.status(input.args[0] ?? ''),
    );
    if (input.flag('json')) await printJson(io, status);
    else await print(io, await healthText(io, status));
    return input.flag('exitCode') && status.health !== 'healthy' ? 1 : 0;
  },
};
