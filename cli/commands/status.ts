/** `bd sandbox status`: what each server says of its part. */
import { formatRough } from '../../domain/duration.js';
import { JSON_OPTION, type Command } from '../command.js';
import { colours, print, printJson } from '../io.js';
import { withProgress } from '../progress.js';
import { colouredStatus, table } from '../table.js';

export const statusCommand: Command = {
  name: 'status',
  args: '<sandbox>',
  summary: 'Check a sandbox: healthy, degraded or unhealthy, and why',
  options: [JSON_OPTION],

  async run({ io, input, client }) {
    const api = await client();
    const health = await withProgress(io, 'asking the servers', () =>
      api.status(input.args[0] ?? ''),
    );
    if (input.flag('json')) return printJson(io, health);
    const { sandbox, checks } = health;
    const c = colours(io, io.stdout);
    const paint =
      health.health === 'healthy' ? c.green : health.health === 'degraded' ? c.yellow : c.red;
    const lines = [
      `${sandbox.name} (${sandbox.id}) is ${colouredStatus(io, sandbox.status)}, ${paint(health.health)}`,
      `expires in ${formatRough(health.expiresInMs)}; last event ${health.lastEventAt ?? 'none'}; waiting ${health.eventsWaiting ?? 'unknown'}`,
    ];
    if (health.cleanupError !== null) {
      lines.push(
        c.yellow(
          `SANDBOX_006 clean-up is being retried and continues by itself: ${health.cleanupError}`,
        ),
      );
    }
    const rows = checks.map(({ name, state, detail }) => [
      name,
      state === 'ok' ? c.green(state) : c.red(state),
      detail,
    ]);
    await print(
      io,
      `${lines.join('\n')}\n\n${await table(io, ['Check', 'State', 'Detail'], rows)}`,
    );
  },
};
