import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { restart, signalService } from '../../deploy/local/index.js';
import { natsOperator } from '../../deploy/local/nats-operator.js';
import { parseSandboxId } from '../../domain/names.js';
import { delay } from '../../platform/deadline.js';
import { closeNats, openNats } from '../../platform/nats.js';
import { natsAccountOf, parseNatsAuthority } from '../../platform/nats-authority.js';
import { readMasterSecret } from '../../platform/stack-file.js';
import { deleteAccount } from '../../resources/nats-account.js';
import { leftoversOf } from '../support/leftovers.js';
import { openClient, someOwner, stackConfig, stackState, until } from '../support/stack.js';
import { makeTenant, natsAs, variable, type Tenant, withinTwoSeconds } from './tenants.js';

/** Publishes as the router would, and takes it as the bot would. */
async function roundTrip(tenant: Tenant, text: string): Promise<string | undefined> {
  const admin = await openNats(stackState().urls.admin.nats, 'test');
  const bot = await natsAs(tenant.env);
  try {
    await admin.jetstream().publish(`sandbox.${tenant.id}.events.test`, text);
    const js = bot.jetstream({ apiPrefix: variable(tenant.env, 'NATS_API_PREFIX') });
    const consumer = await js.consumers.get(
      variable(tenant.env, 'NATS_STREAM'),
      variable(tenant.env, 'NATS_CONSUMER'),
    );
    const message = await consumer.next({ expires: 2_000 });
    expect(await message?.ackAck()).toBe(true);
    return message?.string();
  } finally {
    await Promise.all([closeNats(bot), closeNats(admin)]);
  }
}

describe("a sandbox's NATS user", () => {
  it('reads its events with a plain client, as soon as create returns', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const tenant = await makeTenant(client);
    expect(await roundTrip(tenant, 'hello')).toBe('hello');
    await client.destroy(tenant.id);
  });

  it('is refused with another password, another id, and none', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const [one, other] = [await makeTenant(client), await makeTenant(client)];
    const pass = (tenant: Tenant) => new URL(variable(tenant.env, 'NATS_URL')).password;
    for (const given of [
      { user: `sandbox_${one.id}`, pass: pass(other) },
      { user: `sandbox_${one.id}`, pass: '' },
      { user: 'sandbox_sb0000000000', pass: pass(one) },
      { user: 'bd_worker', pass: pass(one) },
      { user: '', pass: '' },
    ]) {
      await expect(natsAs(one.env, given)).rejects.toMatchObject({
        code: 'AUTHORIZATION_VIOLATION',
      });
    }
    for (const { id } of [one, other]) await client.destroy(id);
  });

  it('is cut off within 2 s of destroy, and leaves no account', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const tenant = await makeTenant(client);
    const bot = await natsAs(tenant.env);
    await client.destroy(tenant.id);
    await withinTwoSeconds(() => bot.isClosed());
    await expect(natsAs(tenant.env)).rejects.toMatchObject({ code: 'AUTHORIZATION_VIOLATION' });
    await until('destroyed', async () => (await client.get(tenant.id)).status === 'destroyed');
    expect(await leftoversOf(stackState().urls.admin, tenant.id)).toEqual([]);
  });

  it('keeps its connection while no worker runs, and comes back after a restart of the server', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const tenant = await makeTenant(client);
    const bot = await natsAs(tenant.env, {
      reconnect: true,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
      ignoreAuthErrorAbort: true,
    });
    await signalService(stackConfig(), 'worker', 'SIGKILL');
    await bot.flush();
    await restart(stackConfig(), 'nats');
    await delay(200);
    await until(
      'a login',
      async () => (await roundTrip(tenant, 'after').catch(() => undefined)) === 'after',
    );
    await bot.flush();
    expect(bot.isClosed()).toBe(false);
    await closeNats(bot);
    await client.destroy(tenant.id);
  });

  it('is missing in `status` when its account is gone from the servers', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const tenant = await makeTenant(client);
    const check = async () =>
      (await client.status(tenant.id)).checks.find(({ name }) => name === 'nats-subjects');
    expect(await check()).toMatchObject({ state: 'ok' });
    await deleteAccount(await operatorsKeys(), parseSandboxId(tenant.id));
    expect(await check()).toMatchObject({ state: 'missing' });
    await client.destroy(tenant.id);
  });
});

/** What only the worker holds, from the home's files. */
async function operatorsKeys() {
  const file = await readFile(join(inject('home'), 'credentials.json'), 'utf8');
  const credentials = JSON.parse(file) as { nats: { operator: string } };
  const { authority } = natsOperator(credentials.nats.operator);
  const url = stackState().urls.admin.nats;
  const nats = await openNats(url, 'test');
  onTestFinished(() => closeNats(nats));
  return {
    nats,
    authority: parseNatsAuthority(JSON.stringify(authority)),
    masterSecret: readMasterSecret(stackConfig()) ?? '',
    controlAccount: natsAccountOf(url) ?? '',
  };
}
