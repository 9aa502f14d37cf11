/** An update that is in progress at the moment of expiry. */
import { expect, it } from 'vitest';
import { parseSandboxId } from '../../../domain/names.js';
import { delay } from '../../../platform/deadline.js';
import { historiesOf, replayFailures } from '../../support/replay.js';
import { openAdmin, openClient, someOwner } from '../../support/stack.js';
import { openRunTemporal } from '../../support/temporal.js';

it('an extension in progress at the expiry counts: a caller with a later expiry finds the sandbox running', async () => {
  const client = openClient({ SANDBOX_OWNER: someOwner() });
  const { id, expiresAt } = await client.create({ ttl: '3s' });
  const expiry = Date.parse(expiresAt);
  await delay(expiry - 1_200 - Date.now());
  const { extending } = await openAdmin().begin(async (tx) => {
    await tx`SELECT 1 FROM sandboxes WHERE id = ${id} FOR UPDATE`;
    const extending = client.extend(id, '1h');
    await delay(expiry + 700 - Date.now());
    return { extending };
  });
  expect((await extending).expiresAt).toBe(expiry + 3_600_000);
  // Without the extension the end would be written by now.
  await delay(300);
  expect((await client.status(id)).health).toBe('healthy');
  expect((await client.get(id)).status).toBe('running');
  await client.destroy(id);
  await client.waitUntilDestroyed(parseSandboxId(id));
  const histories = historiesOf(await openRunTemporal(), [parseSandboxId(id)]);
  expect(await replayFailures(histories)).toEqual({});
});
