/** Webhooks of simulated Discord by their tokens: what they see, and what is not theirs. */
import { expect, it } from 'vitest';
import { simulate } from '../../support/simulated-discord.js';

const { first, one, other, rest, ready } = await simulate();
const [general = '', more = ''] = first.channelIds;
const code = (reply: { status: number; body: { code: number } }) => [reply.status, reply.body.code];
const make = async (name: unknown = 'hook', channel = general) =>
  (await rest('POST', `/channels/${channel}/webhooks`, { name })).body;

it('a channel lists its own webhooks, with the bot that made them', async () => {
  const hook = await make('listed', more);
  expect((await rest('GET', `/channels/${more}/webhooks`)).body).toEqual([hook]);
  expect(hook).toMatchObject({ application_id: one.id, user: { id: one.id } });
  const refused = await rest('GET', `/channels/${more}/webhooks`, undefined, other.token);
  expect(code(refused)).toEqual([403, 50001]);
});

it('a webhook is renamed and deleted with its token alone, each change an event', async () => {
  const { gateway } = await ready();
  const hook = await make();
  await gateway.event('WEBHOOKS_UPDATE');
  const path = `/webhooks/${hook.id}/${hook.token}`;
  const renamed = await rest('PATCH', path, { name: 'renamed' }, null);
  expect(renamed.body).toMatchObject({ id: hook.id, name: 'renamed' });
  expect(renamed.body).not.toHaveProperty('user');
  const place = { guild_id: first.id, channel_id: general };
  expect((await gateway.event('WEBHOOKS_UPDATE')).d).toEqual(place);
  // An edit without a name keeps it.
  expect((await rest('PATCH', path, { avatar: null }, null)).body.name).toBe('renamed');
  await gateway.event('WEBHOOKS_UPDATE');
  expect((await rest('DELETE', path, undefined, null)).status).toBe(204);
  expect((await gateway.event('WEBHOOKS_UPDATE')).d).toEqual(place);
  expect(code(await rest('GET', path, undefined, null))).toEqual([404, 10015]);
});

it.each([
  ['BASE_TYPE_REQUIRED', null],
  ['BASE_TYPE_BAD_LENGTH', 'n'.repeat(81)],
  ['USERNAME_INVALID_CONTAINS', 'Clyde'],
])('a name is refused with %s: %o', async (fault, name) => {
  const reply = await rest('POST', `/channels/${general}/webhooks`, { name });
  expect(code(reply)).toEqual([400, 50035]);
  expect(reply.body.errors).toMatchObject({ name: { _errors: [{ code: fault }] } });
});

it('a message without a name of its own has the webhook’s', async () => {
  const hook = await make('Deploys');
  const path = `/webhooks/${hook.id}/${hook.token}?wait=true`;
  const { body } = await rest('POST', path, { content: 'x' }, null);
  expect(body.author).toMatchObject({ id: hook.id, username: 'Deploys', global_name: null });
});

it('a webhook does not see the messages of others in its channel', async () => {
  const hook = await make();
  const { body: foreign } = await rest('POST', `/channels/${general}/messages`, { content: 'x' });
  const path = `/webhooks/${hook.id}/${hook.token}/messages`;
  for (const method of ['GET', 'PATCH', 'DELETE']) {
    const body = method === 'PATCH' ? { content: 'mine' } : undefined;
    expect(code(await rest(method, `${path}/${foreign.id}`, body, null))).toEqual([404, 10008]);
  }
  expect(code(await rest('GET', `${path}/@original`, undefined, null))).toEqual([404, 10008]);
  const { body } = await rest('GET', `/channels/${general}/messages/${foreign.id}`);
  expect(body.content).toBe('x');
});
