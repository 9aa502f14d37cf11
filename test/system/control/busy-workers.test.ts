/**
 * A caller waits while workers are busy, and gets an error if there is none. Temporal knows the
 * difference.
 */
import { describe, expect, it } from 'vitest';
import { Lifecycle } from '../../../control/lifecycle.js';
import { unservedBecause } from '../../../control/worker-presence.js';
import { signalService } from '../../../deploy/stack/index.js';
import { parseOwner, parseSandboxId, parseSandboxName, workflowId } from '../../../domain/names.js';
import { actorKey, commandOf } from '../../support/commands.js';
import { openClient, someName, someOwner, stackConfig, until } from '../../support/stack.js';
import { openRunTemporal } from '../../support/temporal.js';

const someId = () => parseSandboxId(`sb${someName().slice(5, 15)}`);

function createOf(sandboxId = someId()) {
  const owner = parseOwner(someOwner());
  const name = parseSandboxName(someName());
  const args = { name, owner, ttlMs: 3_600_000, guildIds: [] };
  return commandOf('create', sandboxId, args);
}

describe('the state of the workers, from Temporal', () => {
  const seen = { workers: 2, silentMs: 100, backlog: 0 };
  it.each([
    ['idle ones', { ...seen, silentMs: 59_000 }, null],
    ['busy ones', { ...seen, backlog: 400 }, null],
    ['one that has just been killed', { ...seen, silentMs: 9_000, backlog: 3 }, null],
    ['one that a slow machine restarts', { ...seen, silentMs: 19_900, backlog: 3 }, null],
    [
      'one that was killed a while ago',
      { ...seen, silentMs: 22_400, backlog: 3 },
      'no worker has asked for work of task queue q for 22 s',
    ],
    [
      'none',
      { workers: 0, silentMs: Infinity, backlog: 0 },
      'no worker asks for work of task queue q',
    ],
  ])('%s', (_what, presence, why) => {
    expect(unservedBecause(presence, 'q')).toBe(why);
  });
});

describe('without a worker on the task queue', () => {
  it('a create fails at once with SANDBOX_009, and reports that Temporal has it', async () => {
    const temporal = await openRunTemporal();
    const lifecycle = new Lifecycle(temporal, {
      taskQueue: `nobody-${someName()}`,
      actorKey: actorKey(),
    });
    const command = createOf();
    const began = performance.now();
    await expect(lifecycle.create(command, true)).rejects.toMatchObject({
      code: 'SANDBOX_009',
      message: expect.stringMatching(
        /^no worker asks for work of task queue nobody-.*; sandbox sb\w+ will be created when/,
      ) as string,
      details: { dependency: 'worker' },
    });
    // Much earlier than the 20 s of a caller that waits.
    expect(performance.now() - began).toBeLessThan(15_000);
    await temporal.client.workflow.getHandle(workflowId(command.sandboxId)).terminate();
  });
});

it('a worker that has stopped polling does not count as busy for ever', async () => {
  const client = openClient({ SANDBOX_OWNER: someOwner() });
  const { id } = await client.create({ ttl: '1h' });
  const lifecycle = new Lifecycle(await openRunTemporal(), {
    actorKey: actorKey(),
    taskQueue: stackConfig().taskQueue,
    silentMs: 5_000,
  });
  const longer = commandOf('extend', id, { byMs: 3_600_000, clamp: false });
  await signalService(stackConfig(), 'worker', 'SIGSTOP');
  try {
    await expect(lifecycle.extend(longer)).rejects.toMatchObject({
      code: 'SANDBOX_009',
      message: expect.stringContaining('no worker has asked for work') as string,
    });
  } finally {
    await signalService(stackConfig(), 'worker', 'SIGCONT');
  }
  // The request continues.
  await until('it is extended', async () =>
    (await client.audit(id)).some(({ eventType }) => eventType === 'ttl_extended'),
  );
  await client.destroy(id);
});

it('200 creates and 200 destroys at once all succeed, and learn how many requests are ahead', async () => {
  const heard: number[] = [];
  const temporal = await openRunTemporal();
  const lifecycle = new Lifecycle(temporal, {
    actorKey: actorKey(),
    taskQueue: stackConfig().taskQueue,
    onBusy: (ahead) => heard.push(ahead),
  });
  const commands = Array.from({ length: 200 }, () => createOf());
  const views = await Promise.all(commands.map((command) => lifecycle.create(command, true)));
  expect(views.filter((view) => view?.status === 'running')).toHaveLength(200);
  await Promise.all(
    commands.map(({ sandboxId }) => lifecycle.destroy(commandOf('destroy', sandboxId, {}))),
  );
  await Promise.all(commands.map(({ sandboxId }) => lifecycle.waitUntilEnded(sandboxId)));
  const client = openClient();
  for (const { sandboxId } of commands)
    expect((await client.get(sandboxId)).status).toBe('destroyed');
  for (const ahead of heard) expect(ahead).toBeGreaterThan(0);
});
