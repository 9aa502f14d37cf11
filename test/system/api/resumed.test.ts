/** A removal whose answer was lost: its repetition completes it, and removes nothing else. */
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { SCOPES } from '../../../domain/actor.js';
import { ask, startApi, tokenOf, type Asked } from '../../support/api.js';
import { freeze } from '../../support/freeze.js';
import { openServices, ROOT, tokenFor } from '../../support/identity.js';
import { openClient, someGuild, someName, someOwner } from '../../support/stack.js';

async function operator(): Promise<string> {
  const [services, owner] = [openServices(), someOwner()];
  await services.identity.setOwnerRole(ROOT, owner, 'operator');
  return (await tokenFor(services, owner, [...SCOPES, 'admin'], { role: 'operator' })).token;
}

interface Repeated {
  readonly line: string;
  readonly token: string;
  readonly headers: Record<string, string>;
}

const keyed = (line: string, token: string): Repeated => ({
  ...{ line, token, headers: { 'idempotency-key': randomUUID() } },
});

const send = ({ line, ...question }: Repeated): Promise<Asked> => ask(line, question);

it('a grant is revoked once, though Temporal was away: the repetition ends its route', async () => {
  const [owner, guild, token] = [someOwner(), someGuild(), await operator()];
  const client = openClient();
  await client.grantGuild({ guildId: guild, owner });
  const { id } = await client.create({ owner, guildIds: [guild] });
  const revoke = keyed(`DELETE /v1/grants/${guild}/${owner}`, token);
  const thaw = await freeze('temporal');
  const cut = await send(revoke);
  await thaw();
  expect(cut.status).toBe(503);
  const again = await send(revoke);
  expect([again.status, again.body.guildId]).toEqual([200, guild]);
  expect((await client.get(id)).guildIds).toEqual([]);

  // It means that grant. One that is given later stays.
  await client.grantGuild({ guildId: guild, owner });
  expect((await send(revoke)).status).toBe(200);
  expect(await client.listGrants({ owner })).toHaveLength(1);
});

it('a destroy by name destroys no later sandbox of the name', async () => {
  const [owner, name] = [someOwner(), someName()];
  const token = await tokenOf(owner);
  const client = openClient();
  const first = await client.create({ owner, name });
  const destroy = keyed(`DELETE /v1/sandboxes/${name}`, token);
  const thaw = await freeze('temporal');
  const cut = await send(destroy);
  await thaw();
  expect(cut.status).toBe(503);
  await client.destroy(first.id);
  await client.waitUntilDestroyed(first.id);
  const second = await client.create({ owner, name });
  const again = await send(destroy);
  expect([again.status, again.body.sandbox]).toMatchObject([200, { id: first.id }]);
  expect((await client.get(second.id)).status).toBe('running');
});

it('a template is removed once, and a later one of the name stays', async () => {
  const [name, token] = [someName(), await operator()];
  const template = { name, files: [{ name: 'a.sql', sql: 'CREATE TABLE a (id int);' }] };
  const { url } = await startApi();
  expect((await ask('POST /v1/templates', { token, body: template, url })).status).toBe(201);
  const remove = keyed(`DELETE /v1/templates/${name}`, token);
  expect((await send(remove)).status).toBe(200);
  expect((await ask('POST /v1/templates', { token, body: template, url })).status).toBe(201);
  expect((await send(remove)).status).toBe(200);
  expect((await ask(`GET /v1/templates/${name}`, { token })).status).toBe(200);
});
