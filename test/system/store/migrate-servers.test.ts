/**
 * `migrate` on servers without the product, from two processes at once, and on servers that were
 * changed by hand.
 */
import { expect, it, onTestFinished } from 'vitest';
import { migrate } from '../../../migrate/index.js';
import { closeNats, openNats } from '../../../platform/nats.js';
import { addressesFor } from '../../../platform/stack-file.js';
import { startOwnNats } from '../../support/own-nats.js';
import { startOwnTemporal } from '../../support/own-temporal.js';
import { stackConfig } from '../../support/stack.js';

it('migrate reports a missing part, makes it, and restores its definition', async () => {
  const [temporal, nats] = await Promise.all([startOwnTemporal(), startOwnNats()]);
  onTestFinished(() => temporal.close());
  const addresses = { ...addressesFor(stackConfig(), 'admin'), nats, temporal: temporal.address };
  const run = async (
    check: boolean,
    env: Record<string, string> = {},
  ): Promise<readonly string[]> => (await migrate(addresses, stackConfig(env), { check })).changes;
  const missing = await run(true);
  expect(missing).toEqual([
    ...['RAW', 'ROUTED', 'DLQ'].map((name) => `NATS: stream ${name} is missing`),
    'NATS: bucket ROUTERS is missing',
    ...['Owner', 'Name', 'Status', 'Guilds', 'ExpiresAt'].map(
      (name) => `Temporal: search attribute Sandbox${name} is missing`,
    ),
    'Temporal: schedule sandbox-sweep is missing',
  ]);
  expect(await run(true)).toEqual(missing);
  const made = (await Promise.all([run(false), run(false)])).flat();
  expect(new Set(made)).toEqual(
    new Set(missing.map((line) => line.replace('is missing', 'created'))),
  );
  expect(await run(true)).toEqual([]);

  const nc = await openNats(nats, 'test');
  onTestFinished(() => closeNats(nc));
  const jsm = await nc.jetstreamManager();
  await jsm.streams.update('DLQ', { max_bytes: 1_000_000 });
  const env = { SANDBOX_SWEEP_INTERVAL: '17m' };
  expect(await run(true, env)).toEqual([
    'NATS: stream DLQ differs in max_bytes',
    'Temporal: schedule sandbox-sweep runs otherwise',
  ]);
  expect(await run(false, env)).toEqual([
    'NATS: stream DLQ updated: max_bytes',
    'Temporal: schedule sandbox-sweep updated',
  ]);
  expect(await run(true, env)).toEqual([]);
});
