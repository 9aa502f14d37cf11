/** The steps of a create use what the claim has written; a claim that is repeated by another worker leads them to the row. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { lifecycleMetrics } from '../../../activities/metrics.js';
import { sandboxActivities } from '../../../activities/sandbox-activities.js';
import { parseOwner, parseSandboxId, parseSandboxName } from '../../../domain/names.js';
import { RESOURCE_KINDS } from '../../../resources/index.js';
import { actorKey, commandOf, signed } from '../../support/commands.js';
import { openWorkerParts } from '../../support/resources.js';
import { openAdmin, someName, someOwner, stackConfig } from '../../support/stack.js';

type Steps = Readonly<Record<string, (...args: unknown[]) => Promise<unknown>>>;
type Call = (name: string, ...args: unknown[]) => Promise<unknown>;

/** The activities of one worker. */
async function openActivities(): Promise<Call> {
  const { database, resources, routes } = await openWorkerParts();
  const steps = sandboxActivities({
    ...{ database, resources: resources(), routes: routes(), policy: stackConfig().policy },
    ...{ metrics: lifecycleMetrics(new Registry()), log: pino({ level: 'silent' }) },
    ...{ actorKey: actorKey(), guildPolicy: 'any' },
  }) as unknown as Steps;
  return (name, ...args) =>
    new MockActivityEnvironment({ startToCloseTimeoutMs: 10_000 }).run(() =>
      (steps[name] ?? (() => Promise.reject(new Error(name))))(...args),
    );
}

it('makes the resources of the row’s rotation, whichever worker has claimed it first', async () => {
  const sandboxId = parseSandboxId(`sb${someName().slice(5, 15)}`);
  const create = signed(
    commandOf('create', sandboxId, {
      ...{ name: parseSandboxName(someName()), owner: parseOwner(someOwner()) },
      ...{ ttlMs: 60_000, guildIds: [] },
    }),
  );
  const names = RESOURCE_KINDS.map(({ name }) => name);
  const first = await openActivities();
  const second = await openActivities();
  await first('claim', create);
  for (const name of names) await first(`${name}.ensure`, { sandboxId, fresh: true });
  await first('markRunning', create, 1);
  await first('beginReset', signed(commandOf('reset', sandboxId, {})));
  for (const name of names) await first(`${name}.reset`, { sandboxId, fresh: false });
  await second('claim', create);
  for (const name of names)
    for (const call of [first, second]) await call(`${name}.ensure`, { sandboxId, fresh: true });
  const [row] = await openAdmin()`SELECT rotation FROM sandboxes WHERE id = ${sandboxId}`;
  expect(row).toEqual({ rotation: 1 });
  await first('markDestroying', create, { reason: 'destroyed' });
  await first('revokeAll', sandboxId);
  await first('removeRoutes', sandboxId);
  for (const name of names) await first(`${name}.remove`, sandboxId);
  await first('markDestroyed', sandboxId, 1);
});
