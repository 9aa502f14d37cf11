/** Each scope suffices for its own use: no route asks for a second one. */
import { expect, it } from 'vitest';
import { ask, tokenOf } from '../../support/api.js';
import { openStream } from '../../support/sse.js';
import { openClient, someGuild, someOwner } from '../../support/stack.js';

it('connect, tail, emit, unregister and destroy need one scope each', async () => {
  const [owner, guild] = [someOwner(), someGuild()];
  const { id } = await openClient().create({ owner, guildIds: [guild] });
  const only = (scope: string): Promise<string> => tokenOf(owner, { scopes: [scope] });
  const path = `/v1/sandboxes/${id}`;

  const connection = await ask(`GET ${path}/connection`, { token: await only('sandbox:connect') });
  expect(connection.status).toBe(200);
  expect(connection.body.environment).toHaveProperty('DATABASE_URL');

  const body = { events: [{ type: 'MESSAGE_CREATE', payload: '{}' }] };
  const emitted = await ask(`POST ${path}/events`, { token: await only('event:write'), body });
  expect(emitted.status).toBe(200);

  const since = new Date(Date.now() - 60_000).toISOString();
  const stream = await openStream(
    `${path}/events?follow=false&since=${since}`,
    await only('event:read'),
  );
  expect(stream.status).toBe(200);
  await stream.ended;
  expect(stream.events.some(({ name }) => name === 'message')).toBe(true);

  const writer = { token: await only('guild:write') };
  expect((await ask(`DELETE ${path}/guilds/${guild}`, writer)).status).toBe(200);

  const token = await only('sandbox:write');
  expect((await ask(`DELETE ${path}`, { token })).status).toBe(200);
});
