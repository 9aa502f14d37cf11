/** Who sees what: other owners' tokens are not there, and with SANDBOX_VISIBILITY=own neither are their sandboxes. */
import { expect, it } from 'vitest';
import { directActor, type Actor } from '../../../domain/actor.js';
import { openServices, ROOT, tokenFor } from '../../support/identity.js';
import { someGuild, someOwner } from '../../support/stack.js';

const developer = (): Actor => ({ ...directActor(someOwner()), role: 'developer', via: 'api' });
const unknown = { code: 'SANDBOX_004', exitCode: 4 };

it('another owner’s sandbox is unknown, in the words of one that never was', async () => {
  const { sandboxes, identity } = openServices({ SANDBOX_VISIBILITY: 'own' });
  const [ada, eve, guild] = [developer(), developer(), someGuild()];
  const { id, name } = await sandboxes.create(ada, { ttl: '1h', guildIds: [guild] });
  const own = await sandboxes.create(eve, { ttl: '1h' });
  const attempts: Record<string, (ref: string) => Promise<unknown>> = {
    get: (ref) => sandboxes.get(eve, ref),
    status: (ref) => sandboxes.status(eve, ref),
    audit: (ref) => sandboxes.audit(eve, ref),
    connection: (ref) => sandboxes.connection(eve, ref),
    extend: (ref) => sandboxes.extend(eve, ref, '1h', {}),
    reset: (ref) => sandboxes.reset(eve, ref),
    destroy: (ref) => sandboxes.destroy(eve, ref),
    statusToDestroy: (ref) => sandboxes.statusToDestroy(eve, ref),
    registerGuild: (ref) => sandboxes.registerGuild(eve, ref, someGuild()),
    emit: (ref) => sandboxes.emit(eve, ref, []),
    mint: (ref) =>
      identity.createToken(eve, { kind: 'sandbox', sandbox: ref, scopes: ['sandbox:read'] }),
  };
  for (const [what, attempt] of Object.entries(attempts))
    for (const ref of [id, name, 'never-was'])
      await expect(attempt(ref), what).rejects.toMatchObject({
        ...{ ...unknown, message: `no sandbox ${JSON.stringify(ref)} is known` },
      });
  expect((await sandboxes.list(eve, {})).map((one) => one.id)).toEqual([own.id]);
  expect(await sandboxes.list(eve, { owner: ada.name })).toEqual([]);
  await expect(sandboxes.unregisterGuild(eve, guild)).rejects.toMatchObject({
    ...{ ...unknown, message: `guild ${guild} is registered to no sandbox` },
  });
  for (const taking of [
    () => sandboxes.registerGuild(eve, own.id, guild),
    () => sandboxes.create(eve, { ttl: '1h', guildIds: [guild] }),
  ]) {
    const error: unknown = await taking().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      ...{ code: 'SANDBOX_003', message: `guild ${guild} is registered to another sandbox` },
    });
    expect(JSON.stringify([error, String(error)])).not.toContain(id);
  }
  // Controls: the owner and operators see it, and so does everybody without this setting.
  expect((await sandboxes.get(ada, name)).id).toBe(id);
  expect((await sandboxes.get(ROOT, name)).id).toBe(id);
  expect((await openServices().sandboxes.get(eve, name)).id).toBe(id);
  await sandboxes.destroy(ada, id);
  await sandboxes.destroy(eve, own.id);
});

it('another owner’s token is unknown, and is neither made, listed nor revoked', async () => {
  const services = openServices();
  const { identity } = services;
  const [ada, eve] = [developer(), developer()];
  const token = await tokenFor(services, ada.name, ['sandbox:read']);
  await expect(identity.getToken(eve, token.id)).rejects.toMatchObject(unknown);
  await expect(identity.revokeToken(eve, token.id)).rejects.toMatchObject(unknown);
  await expect(identity.revokeToken(eve, 'AAAAAAAAAAAA')).rejects.toMatchObject(unknown);
  for (const attempt of [
    () => identity.listTokens(eve, { owner: ada.name }),
    () => identity.createToken(eve, { owner: ada.name, scopes: ['sandbox:read'] }),
  ])
    await expect(attempt()).rejects.toMatchObject({
      ...{ code: 'SANDBOX_010', details: { lacks: { kind: 'owner', owner: ada.name } } },
    });
  expect(await identity.listTokens(eve, {})).toEqual([]);
  expect((await identity.getToken(ada, token.id)).revokedAt).toBeNull();
  expect((await identity.listTokens(ROOT, {})).map(({ id }) => id)).toContain(token.id);
  expect((await identity.revokeToken(ada, token.id)).revokedAt).not.toBeNull();
});

it('a token made again with its id is the same token, whose text is not shown again', async () => {
  const { identity } = openServices();
  const [ada, wishes] = [developer(), { scopes: ['sandbox:read'] }];
  const { id } = await identity.createToken(ada, wishes);
  const again = await identity.createToken(ada, wishes, id);
  expect(again).toMatchObject({ id, token: null });
  expect(await identity.listTokens(ada, {})).toHaveLength(1);
});
