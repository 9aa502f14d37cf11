/**
 * Timers, updates, signals and cancellations that arrive while a step waits for a slow server. The
 * resulting history must replay.
 */
import { afterAll, describe, expect, it } from 'vitest';
import type { ServiceName } from '../../../deploy/stack/index.js';
import { parseSandboxId, type SandboxId } from '../../../domain/names.js';
import { delay } from '../../../platform/deadline.js';
import { openTemporal } from '../../../platform/temporal.js';
import { freeze } from '../../support/freeze.js';
import { historiesOf, replayFailures } from '../../support/replay.js';
import { openClient, someGuild, someName, someOwner, stackState } from '../../support/stack.js';
import { workflowOf } from '../../support/temporal.js';

const lived: SandboxId[] = [];

const newId = (): SandboxId => {
  const sandboxId = parseSandboxId(`sb${someName().slice(5, 15)}`);
  lived.push(sandboxId);
  return sandboxId;
};

/** Longer than a workflow task runs before it sends a heartbeat: the step then spans two tasks. */
async function whileFrozen(
  server: ServiceName,
  millis: number,
  work: () => Promise<unknown>,
): Promise<void> {
  const thaw = await freeze(server);
  const began = Date.now();
  await work();
  await delay(Math.max(0, millis - (Date.now() - began)));
  await thaw();
}

const client = (): ReturnType<typeof openClient> => openClient({ SANDBOX_OWNER: someOwner() });

describe('a create that waits for Redis', () => {
  it.each([500, 3_000])('is destroyed, signalled or cancelled %i ms later', async (after) => {
    const api = client();
    const ids = [newId(), newId(), newId()] as const;
    await whileFrozen('redis', 6_000, async () => {
      for (const sandboxId of ids)
        await api.create({
          ...{ sandboxId, owner: someOwner(), ttl: '1h' },
          ...{ guildIds: [someGuild()], wait: false },
        });
      await delay(after);
      await Promise.all([
        api.destroy(ids[0]),
        workflowOf(ids[1]).then((handle) => handle.signal('destroy')),
        workflowOf(ids[2]).then((handle) => handle.cancel()),
      ]);
    });
    for (const id of ids) await api.waitUntilDestroyed(id);
  });

  it('is given up', async () => {
    const api = client();
    const sandboxId = newId();
    await whileFrozen('redis', 0, async () => {
      const failed = api.create({ sandboxId, ttl: '1h', guildIds: [someGuild()] });
      await expect(failed).rejects.toMatchObject({ code: 'SANDBOX_009' });
    });
    await api.waitUntilDestroyed(sandboxId);
  });
});

it('sandboxes expire at many moments during updates that wait for NATS', async () => {
  const api = client();
  const ids = Array.from({ length: 15 }, newId);
  await Promise.all(
    ids.map((sandboxId, i) =>
      api.create({ sandboxId, owner: someOwner(), ttl: `${8 + (i % 5)}s` }),
    ),
  );
  await delay(4_000);
  await whileFrozen('nats', 6_000, async () => {
    await Promise.allSettled(
      ids.flatMap((id, i) => [
        i % 3 === 0 ? api.registerGuild(id, someGuild()) : api.reset(id),
        i % 3 === 1 ? api.reset(id) : api.extend(id, '1s'),
      ]),
    );
  });
  for (const id of ids) await api.waitUntilDestroyed(id);
});

afterAll(async () => {
  const temporal = await openTemporal(stackState().temporal.address, 'default');
  try {
    expect(lived).toHaveLength(22);
    expect(await replayFailures(historiesOf(temporal, lived))).toEqual({});
  } finally {
    await temporal.close();
  }
});
