/** `bd doctor`: checks every server and service, and says how to mend each problem. */
import { messageOf, SandboxError } from '../../domain/errors.js';
import type { Config } from '../../platform/config.js';
import { JSON_OPTION, type Command } from '../command.js';
import { ask, failed, ok, type Finding } from '../doctor/check.js';
import { asTyped, colours, print, printJson } from '../io.js';
import { withProgress } from '../progress.js';

const UNREACHABLE = 7;

export const doctorCommand: Command = {
  name: 'doctor',
  args: '',
  summary: 'Check every server, the migrations, the schedule, workers and routers',
  options: [JSON_OPTION],

  async run({ io, input, config }) {
    const findings = await withProgress(io, 'asking', () => examine(config));
    const healthy = findings.every(({ state }) => state === 'ok' || state === 'warning');
    if (input.flag('json')) await printJson(io, { healthy, findings });
    else {
      const c = colours(io, io.stdout);
      const sign = { ok: c.green('✓'), warning: c.yellow('!'), failed: c.red('✗'), unknown: '?' };
      const lines = findings.flatMap(({ name, state, detail, remedy }) => [
        `${sign[state]} ${name.padEnd(20)} ${detail}`,
        ...(remedy === '' ? [] : [`  ${' '.repeat(20)} ${c.dim(`→ ${asTyped(io, remedy)}`)}`]),
      ]);
      await print(io, lines.join('\n'));
    }
    if (healthy) return 0;
    const away = findings.some(({ name, state }) => state === 'failed' && SERVERS.includes(name));
    return away ? UNREACHABLE : 1;
  },
};

const SERVERS: readonly string[] = ['addresses', 'postgres', 'redis', 'nats', 'temporal'];

async function examine(readConfig: () => Config): Promise<Finding[]> {
  let config: Config;
  try {
    config = readConfig();
  } catch (error) {
    return [failed('environment', messageOf(error), 'Correct the variables named here.')];
  }
  const environment = ok('environment', `owner ${config.owner}, home ${config.home}`);
  const { askLocalStack, askRouters, askTemporal } = await import('../doctor/services.js');
  const stack = await ask('local stack', 'Run `bd dev down`, then `bd dev up`.', () =>
    askLocalStack(config),
  );
  const { addressesFor } = await import('../../platform/stack-file.js');
  let addresses: ReturnType<typeof addressesFor>;
  try {
    addresses = addressesFor(config, 'client');
  } catch (error) {
    const hint = error instanceof SandboxError ? error.hint : '';
    return [environment, ...stack, failed('addresses', messageOf(error), hint)];
  }
  const { askNats, askPostgres, askRedis } = await import('../doctor/servers.js');
  const check = 'Check the address, and `bd dev status`.';
  const findings = await Promise.all([
    ask('postgres', check, () => askPostgres(addresses.database)),
    ask('redis', check, () => askRedis(addresses.redis, config.redisAcl)),
    ask('nats', check, () => askNats(addresses.nats)),
    ask('temporal', check, () => askTemporal(addresses.temporal, config)),
    ask('migrations', 'Run `bd migrate`.', async () => {
      const { migrate } = await import('../../migrate/index.js');
      const { changes } = await migrate(addresses, config, { check: true });
      if (changes.length === 0) return [ok('migrations', 'everything is as it should be')];
      return [failed('migrations', changes.join('; '), 'Run `bd migrate`.')];
    }),
    ask('router', 'Start one: `bd router`, or `bd dev restart router`.', () =>
      askRouters(addresses.nats),
    ),
  ]);
  return [environment, ...stack, ...findings.flat()];
}
