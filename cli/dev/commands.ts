/** `bd dev`: the local stack. Its code in deploy/stack is loaded only on use. */
import { JSON_OPTION, type Command, type CommandContext } from '../command.js';
import { CONFIRM_OPTIONS } from '../confirm.js';
import { colours, note, print, printJson } from '../io.js';
import { withProgress } from '../progress.js';
import { formatEnvironment } from '../shell.js';
import { table } from '../table.js';
import { confirmPurge } from './purge.js';

const stack = () => import('../../deploy/stack/index.js');

function onProgress({ io }: CommandContext) {
  const c = colours(io, io.stderr);
  return ({ service, text }: { service: string; text: string }): void => {
    void note(io, `${c.cyan(service.padEnd(8))} ${text}`);
  };
}

async function start(context: CommandContext, foreground: boolean): Promise<void> {
  const { up, status } = await stack();
  const state = await up(context.config(), { foreground, onProgress: onProgress(context) });
  // In the foreground, `up` returns when the stack has ended.
  if (foreground) return;
  if (context.input.flag('json')) return printJson(context.io, await status(context.config()));
  await print(
    context.io,
    `The local stack is up. Temporal Web UI: ${state.temporal.uiUrl ?? 'not ours'}`,
  );
}

export const devCommands: readonly Command[] = [
  {
    name: 'run',
    args: '',
    summary: 'Run the whole local stack until Ctrl-C (also `bd dev` alone)',
    run: (context) => start(context, true),
  },
  {
    name: 'up',
    args: '',
    summary: 'Start the local stack in the background',
    options: [JSON_OPTION],
    run: (context) => start(context, false),
  },
  {
    name: 'down',
    args: '',
    summary: 'Stop the local stack; its data stays',
    options: [
      { flags: '--purge', description: 'Remove its data as well; asks first if sandboxes live' },
      ...CONFIRM_OPTIONS,
    ],
    async run(context) {
      const { io, input, config } = context;
      const { down } = await stack();
      const purge = input.flag('purge');
      if (purge) await confirmPurge(context);
      await withProgress(io, 'stopping', () => down(config(), { purge }));
      await note(
        io,
        purge ? 'The local stack is stopped and its data removed.' : 'The local stack is stopped.',
      );
    },
  },
  {
    name: 'status',
    args: '',
    summary: 'Show what runs, where',
    options: [JSON_OPTION],
    async run({ io, input, config }) {
      const { wholeStatus } = await stack();
      const { services, troubles } = await withProgress(io, 'asking', () => wholeStatus(config()));
      for (const trouble of troubles) await note(io, `! ${trouble}`);
      if (input.flag('json')) return printJson(io, services);
      const c = colours(io, io.stdout);
      const rows = services.map(({ name, pid, address, metrics, state }) => [
        name,
        state === 'running' || state === 'external' ? c.green(state) : c.yellow(state),
        pid === null ? '-' : String(pid),
        address ?? '-',
        metrics ?? '-',
      ]);
      await print(io, await table(io, ['Service', 'State', 'Pid', 'Address', 'Metrics'], rows));
      for (const { name, detail } of services)
        if (detail !== null) await note(io, `! ${name}: ${detail}`);
    },
  },
  {
    name: 'env',
    args: '',
    summary:
      "Print the servers' addresses and NATS' credentials files, with the administrator's rights, and the API's with an operator's token, for `eval`",
    options: [JSON_OPTION],
    async run(context) {
      const { io, input, config } = context;
      const { adminEnv } = await stack();
      const servers = await adminEnv(config());
      const { operatorToken } = await import('./token.js');
      const token = servers.SANDBOX_API_URL === undefined ? null : await operatorToken(context);
      const all = { ...servers, ...(token === null ? {} : { SANDBOX_TOKEN: token }) };
      await print(io, formatEnvironment(all, input.flag('json') ? 'json' : 'shell'));
    },
  },
  {
    name: 'restart',
    args: '<service>',
    summary: 'Restart one of temporal, postgres, nats, redis, worker, router, api, discord',
    async run({ io, input, config }) {
      const { restart } = await stack();
      const [name = ''] = input.args;
      await withProgress(io, `restarting ${name}`, () => restart(config(), name));
      await note(io, `${name} is back.`);
    },
  },
];
