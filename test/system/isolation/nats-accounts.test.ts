import type { NatsConnection } from 'nats';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseSandboxId, type SandboxId } from '../../../domain/names.js';
import {
  accountKeyOf,
  deleteAccount,
  lookUpAccount,
  pushAccount,
} from '../../../resources/nats/account.js';
import { openSubjects } from '../../../resources/nats/subjects.js';
import { openDatabase } from '../../../store/database.js';
import { leftoversOf } from '../../support/leftovers.js';
import { openClient, someOwner, stackState, until } from '../../support/stack.js';
import { operatorsKeys } from './operators-keys.js';
import { makeTenant, natsAs } from './tenants.js';

describe('the account of a sandbox', () => {
  it('is missing in `status` after it was deleted on the servers', async () => {
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

describe('an account from an earlier master secret', () => {
  /** The account as a worker with that secret made it. */
  async function former(id: SandboxId): Promise<{ nats: NatsConnection; publicKey: string }> {
    const keys = {
      ...(await operatorsKeys()),
      masterSecret: 'the secret of yesterday, and no more',
    };
    const { publicKey } = accountKeyOf(keys.masterSecret, id);
    const installation = (await lookUpAccount(keys.nats, await today(id)))?.installation ?? null;
    await pushAccount(keys, id, { rotation: 1, installation, createdAt: new Date(0) });
    expect(await lookUpAccount(keys.nats, publicKey)).not.toBeNull();
    return { nats: keys.nats, publicKey };
  }
  const today = async (id: SandboxId): Promise<string> =>
    accountKeyOf((await operatorsKeys()).masterSecret, id).publicKey;

  it('is removed by the next sweep if its sandbox is destroyed', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const id = parseSandboxId((await makeTenant(client)).id);
    const { nats, publicKey } = await former(id);
    await client.destroy(id);
    await client.waitUntilDestroyed(id);
    await client.sweep({ dryRun: false });
    expect(await lookUpAccount(nats, publicKey)).toBeNull();
  });

  it('is removed with its sandbox if the sandbox’s consumer names it', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const id = parseSandboxId((await makeTenant(client)).id);
    const { nats, publicKey } = await former(id);
    const { consumers } = await nats.jetstreamManager();
    const { config } = await consumers.info('ROUTED', `sb_${id}`);
    await consumers.update('ROUTED', `sb_${id}`, {
      metadata: { ...config.metadata, account: publicKey },
    });
    await client.destroy(id);
    await client.waitUntilDestroyed(id);
    expect(await lookUpAccount(nats, publicKey)).toBeNull();
  });
});

describe('a delayed push of an account', () => {
  it.each([
    ['once', 1],
    ['again and again', 5],
  ])('brings it back for no longer than to the next sweep, %s', async (_, times) => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const tenant = await makeTenant(client);
    const keys = await operatorsKeys();
    const id = parseSandboxId(tenant.id);
    const { publicKey } = accountKeyOf(keys.masterSecret, id);
    const facts = await lookUpAccount(keys.nats, publicKey);
    expect(facts).not.toBeNull();
    await client.destroy(id);
    await client.waitUntilDestroyed(id);
    expect(await lookUpAccount(keys.nats, publicKey)).toBeNull();
    // The delayed request: the same that made the account.
    for (let i = 0; i < times; i += 1) if (facts !== null) await pushAccount(keys, id, facts);
    expect(await lookUpAccount(keys.nats, publicKey)).toEqual(facts);
    const swept = await until('it is swept', async () => {
      const { orphans } = await client.sweep({ dryRun: false });
      return orphans.find(({ name }) => name === `sandbox_${id}`) ?? null;
    });
    expect(swept).toMatchObject({ kind: 'nats-account', sandboxId: id });
    expect(await lookUpAccount(keys.nats, publicKey)).toBeNull();
    await expect(natsAs(tenant.env)).rejects.toMatchObject({ code: 'AUTHORIZATION_VIOLATION' });
    expect(await leftoversOf(stackState().urls.admin, tenant.id)).toEqual([]);
  });

  it('is undone by the attempt itself if the row says that the sandbox is destroyed', async () => {
    const client = openClient({ SANDBOX_OWNER: someOwner() });
    const tenant = await makeTenant(client);
    const keys = await operatorsKeys();
    const id = parseSandboxId(tenant.id);
    const database = openDatabase(stackState().urls.worker.database, { name: 'test', max: 2 });
    onTestFinished(() => database.close());
    const [row] = await database.sql<{ id: string }[]>`SELECT id FROM sandbox_installation`;
    const subjects = openSubjects({
      ...{ database, nats: keys.nats, masterSecret: keys.masterSecret },
      ...{ natsAuthority: keys.authority, natsAccount: keys.controlAccount },
      ...{ installation: row?.id ?? '' },
    });
    await client.destroy(id);
    await client.waitUntilDestroyed(id);
    // `fresh`, as in a create: it checks the row only after the push.
    const late = { sandboxId: id, rotation: 0, createdAt: new Date(), fresh: true };
    await expect(subjects.ensure(late)).rejects.toMatchObject({ code: 'SANDBOX_007' });
    expect(await leftoversOf(stackState().urls.admin, tenant.id)).toEqual([]);
  });
});
