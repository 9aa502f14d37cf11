import { connect, jwtAuthenticator, type NatsConnection } from 'nats';
import { describe, expect, it } from 'vitest';
import { restart, signalService } from '../../../deploy/stack/index.js';
import { delay } from '../../../platform/deadline.js';
import type { Control } from '../../../domain/control.js';
import { closeNats, openNats, parseNatsUrl } from '../../../platform/nats.js';
import { deriveNatsKey, signNatsToken } from '../../../platform/nkeys.js';
import { freeze } from '../../support/freeze.js';
import { leftoversOf } from '../../support/leftovers.js';
import { openClient, someOwner, stackConfig, stackState, until } from '../../support/stack.js';
import { operatorsKeys } from './operators-keys.js';
import { makeTenant, natsAs, variable, type Tenant, soon } from './tenants.js';

let shared: Tenant | undefined;
/** Shared by tests that need any sandbox. It ends by its TTL. */
const sharedTenant = async (client: Control): Promise<Tenant> =>
  (shared ??= await makeTenant(client, { ttl: '5m' }));

/** Publishes as the router would, and reads as the bot would. */
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

  it('is cut off within 2 s of destroy, and its account is gone', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const tenant = await makeTenant(client);
    const bot = await natsAs(tenant.env);
    await client.destroy(tenant.id);
    await soon(() => bot.isClosed());
    await expect(natsAs(tenant.env)).rejects.toMatchObject({ code: 'AUTHORIZATION_VIOLATION' });
    await until('destroyed', async () => (await client.get(tenant.id)).status === 'destroyed');
    expect(await leftoversOf(stackState().urls.admin, tenant.id)).toEqual([]);
  });

  it('keeps its connection while no worker runs, and reconnects after a restart of the server', async () => {
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
    // A flush fails if a login of the reconnecting bot was refused meanwhile.
    await until('the bot back', () =>
      bot.flush().then(
        () => true,
        () => false,
      ),
    );
    expect(bot.isClosed()).toBe(false);
    await closeNats(bot);
    await client.destroy(tenant.id);
  });

  it.each([
    ['a quote', `sandbox_sb000000000'`],
    ['a star', 'sandbox_*'],
    ['all', '>'],
    ['a dot', 'sandbox_sb00.0000000'],
    ['a line', 'sandbox_sb0000000000\n'],
    ['a NUL', 'sandbox_sb0000000000\u0000'],
    ['a slash', '../sandbox_sb0000000000'],
    ['a command', 'sandbox_$(id)'],
    ['capitals', 'SANDBOX_SB0000000000'],
    ['another alphabet', 'sandbox_ѕb0000000000'],
    ['64 characters', `sandbox_${'a'.repeat(56)}`],
    ['65 characters', `sandbox_${'a'.repeat(57)}`],
    ['a megabyte', 'a'.repeat(1_000_000)],
    ['a prototype', '__proto__'],
    ['the callout itself', 'callout'],
    ['the sentinel', 'sentinel'],
  ])('is refused under a name with %s, and the worker continues to answer', async (_, user) => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const tenant = await sharedTenant(client);
    const pass = new URL(variable(tenant.env, 'NATS_URL')).password;
    await expect(natsAs(tenant.env, { user, pass })).rejects.toThrow();
    await (await natsAs(tenant.env)).close();
  });

  it('is refused with a self-signed token', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const tenant = await sharedTenant(client);
    const { controlAccount } = await operatorsKeys();
    const { servers } = parseNatsUrl(stackState().urls.client.nats);
    const own = deriveNatsKey('a secret of the tenant', 'account', 'forged');
    const me = deriveNatsKey('a secret of the tenant', 'user', 'forged');
    for (const claims of [{}, { issuer_account: controlAccount }]) {
      const nats = { type: 'user', subs: -1, data: -1, payload: -1, bearer_token: true, ...claims };
      const token = signNatsToken(own, { sub: me.publicKey, name: 'admin', nats });
      const authenticator = jwtAuthenticator(token);
      await expect(connect({ servers, authenticator, reconnect: false })).rejects.toMatchObject({
        code: 'AUTHORIZATION_VIOLATION',
      });
      await expect(natsAs(tenant.env, { user: 'admin', pass: token })).rejects.toThrow();
    }
    // A valid token is accepted in the same way.
    const { pass = '' } = parseNatsUrl(stackState().urls.client.nats);
    await (await connect({ servers, authenticator: jwtAuthenticator(pass) })).close();
  });

  it('receives nothing below another sandbox’s inbox prefix', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const [one, other] = [await makeTenant(client), await makeTenant(client)];
    const given = { inboxPrefix: variable(other.env, 'NATS_INBOX_PREFIX') };
    const bot = await natsAs(one.env, given);
    const ask = (nc: NatsConnection) =>
      nc.request(`SB.API.CONSUMER.INFO.ROUTED.sb_${one.id}`, '', { timeout: 500 });
    await expect(ask(bot)).rejects.toThrow();
    const own = await natsAs(one.env);
    expect((await ask(own)).string()).toContain(`sb_${one.id}`);
    await Promise.all([bot.close(), own.close()]);
    for (const { id } of [one, other]) await client.destroy(id);
  });

  it('is refused in time while no worker answers, and accepted as soon as one does', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const tenant = await makeTenant(client);
    const thaw = await freeze('worker');
    const since = performance.now();
    await expect(natsAs(tenant.env)).rejects.toThrow();
    expect(performance.now() - since).toBeLessThan(20_000);
    await thaw();
    await until('a login', () =>
      natsAs(tenant.env).then(
        (nc) => nc.close().then(() => true),
        () => false,
      ),
    );
    // The worker answers the old question late. That lets no destroyed sandbox in.
    await client.destroy(tenant.id);
    await expect(natsAs(tenant.env)).rejects.toMatchObject({ code: 'AUTHORIZATION_VIOLATION' });
  });
});
