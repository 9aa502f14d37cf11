/**
 * The programs of docs/connect.md, each run by `bd sandbox exec` as that page says. Those in Python
 * need Python 3.11.3 with venv, and a package index. If they cannot run, the tests' names and a
 * warning give the reason.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { CLIENT_EXAMPLES, commandOf, isPython } from '../../../cli/docs/connect.js';
import type { Control } from '../../../domain/control.js';
import { closeNats, openNats } from '../../../platform/nats.js';
import { delay } from '../../../platform/deadline.js';
import { projectRoot } from '../../../platform/project-root.js';
import { makeTenant, natsAs, variable, type Tenant } from '../isolation/tenants.js';
import { bd } from '../../support/bd.js';
import { preparePython } from '../../support/python.js';
import { runHome } from '../../support/run-home.js';
import { openClient, someGuild, someOwner, stackState, until } from '../../support/stack.js';

const root = projectRoot();
const python = preparePython(join(root, 'examples/clients/requirements.txt'));
afterAll(() => {
  python.remove();
});
if (python.missing !== null)
  console.warn(`NOT RUN: the examples in Python (${python.missing}). Every other one is run.`);

/** The arguments of `bd sandbox exec` in the page's command, for this checkout. */
function argumentsOf(example: (typeof CLIENT_EXAMPLES)[number], { id }: Tenant): string[] {
  const [program = '', file = ''] = commandOf(example).split(' -- ')[1]?.split(' ') ?? [];
  expect(program).toBe(isPython(example) ? '.venv/bin/python' : 'node');
  const interpreter = isPython(example) ? (python.path ?? '') : process.execPath;
  return ['sandbox', 'exec', id, '--', interpreter, join(root, file)];
}

async function newTenant(): Promise<{ client: Control; guild: string; tenant: Tenant }> {
  const client = openClient({ SANDBOX_OWNER: someOwner() });
  const guild = someGuild();
  const tenant = await makeTenant(client, { guildIds: [guild] });
  return { client, guild, tenant };
}

/** The output of the programs that end by themselves. */
const PRINTED: Readonly<Record<string, string>> = {
  'examples/clients/ioredis/main.mjs': 'greeting: hello\nnews: it works\n',
  'examples/clients/postgres/main.mjs': 'by postgres\n',
  'examples/clients/pg/main.mjs': 'by pg\n',
  'examples/clients/redis-py/main.py': 'greeting: hello\nlock: held\n',
  'examples/clients/psycopg/main.py': 'by psycopg\n',
};
const NATS_PROGRAMS = ['examples/clients/nats-js/main.mjs', 'examples/clients/nats-py/main.py'];

/** If the machine cannot run the test, its name gives the reason. */
const testOf = (example: (typeof CLIENT_EXAMPLES)[number], what: string) =>
  [
    isPython(example) && python.missing !== null ? it.skip : it,
    `${example.file} ${what}${isPython(example) && python.missing !== null ? ` (not run: ${python.missing})` : ''}`,
  ] as const;

describe('the example programs', () => {
  it('are all in this test', () => {
    expect(CLIENT_EXAMPLES.map(({ file }) => file).sort()).toEqual(
      [...Object.keys(PRINTED), ...NATS_PROGRAMS].sort(),
    );
  });

  for (const example of CLIENT_EXAMPLES.filter(({ file }) => Object.hasOwn(PRINTED, file))) {
    const [test, name] = testOf(example, 'runs in a sandbox and prints no warning');
    test(name, async () => {
      const { client, tenant } = await newTenant();
      const ran = await bd(argumentsOf(example, tenant));
      expect(ran).toMatchObject({ code: 0, stdout: PRINTED[example.file], stderr: '' });
      await client.destroy(tenant.id);
    });
  }

  for (const example of CLIENT_EXAMPLES.filter(({ file }) => NATS_PROGRAMS.includes(file))) {
    const [test, name] = testOf(
      example,
      'reads its events, publishes about each, and acknowledges it',
    );
    test(name, async () => {
      const { client, guild, tenant } = await newTenant();
      const listener = await natsAs(tenant.env);
      onTestFinished(() => closeNats(listener));
      const seen: string[] = [];
      listener.subscribe(`${variable(tenant.env, 'SANDBOX_NATS_PREFIX')}app.>`, {
        callback: (_, message) => seen.push(`${message.subject} ${message.string()}`),
      });
      await listener.flush();
      const program = await startListening(argumentsOf(example, tenant));
      await pause(program.child);
      await publish(guild, ['one', 'two', 'three']);

      const prefix = variable(tenant.env, 'SANDBOX_NATS_PREFIX');
      const told = `${prefix}app.seen`;
      await until('three events', () => Promise.resolve(seen.length === 3 || null));
      expect(seen.map((text) => text.split(' ')[0])).toEqual([told, told, told]);
      expect(seen[0]).toMatch(/\{"type": ?"MESSAGE_CREATE"\}$/);
      await until('all acknowledged', async () => {
        const js = await listener.jetstreamManager({ checkAPI: false, apiPrefix: 'SB.API' });
        const info = await js.consumers.info('ROUTED', variable(tenant.env, 'NATS_CONSUMER'));
        return (info.num_ack_pending === 0 && info.ack_floor.consumer_seq === 3) || null;
      });
      program.child.kill('SIGTERM');
      const [code] = (await once(program.child, 'close')) as [number];
      expect({ code, output: program.output() }).toEqual({
        code: 0,
        output: 'listening\nMESSAGE_CREATE one\nMESSAGE_CREATE two\nMESSAGE_CREATE three\n',
      });
      await client.destroy(tenant.id);
    });
  }

  const [test, name] = testOf(
    CLIENT_EXAMPLES.find(({ file }) => file.includes('redis-py'))!,
    'is not needed to connect: redis-py does with protocols 2 and 3',
  );
  test(name, async () => {
    const { client, tenant } = await newTenant();
    const script = `
import os, redis
for protocol in (2, 3):
    client = redis.Redis.from_url(os.environ["REDIS_URL"], protocol=protocol)
    print(protocol, client.set(os.environ["SANDBOX_REDIS_PREFIX"] + "x", 1))`;
    const ran = await bd(['sandbox', 'exec', tenant.id, '--', python.path ?? '', '-c', script]);
    expect(ran).toMatchObject({ code: 0, stdout: '2 True\n3 True\n' });
    await client.destroy(tenant.id);
  });
});

/** Returns when the program listens; it ends with the test. */
async function startListening(
  args: readonly string[],
): Promise<{ child: ChildProcess; output: () => string }> {
  const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), ...args], {
    env: { PATH: process.env.PATH, SANDBOX_HOME: runHome() },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  onTestFinished(() => {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await until('it listens', () => {
    if (child.exitCode !== null) throw new Error(output);
    return Promise.resolve(output.includes('listening') || null);
  });
  return { child, output: () => output };
}

/** Three pauses, each longer than a pull of the programs waits: a busy machine, a laptop that sleeps. */
async function pause({ pid = 0 }: ChildProcess): Promise<void> {
  for (let times = 0; times < 3; times++) {
    process.kill(-pid, 'SIGSTOP');
    await delay(1_300);
    process.kill(-pid, 'SIGCONT');
    await delay(300 + times * 200);
  }
}

async function publish(guild: string, contents: readonly string[]): Promise<void> {
  const ingest = await openNats(stackState().ingestNatsUrl, 'test');
  for (const content of contents) {
    const event = { t: 'MESSAGE_CREATE', d: { guild_id: guild, content } };
    ingest.publish('events.raw.MESSAGE_CREATE', JSON.stringify(event));
  }
  await ingest.flush();
  await closeNats(ingest);
}
