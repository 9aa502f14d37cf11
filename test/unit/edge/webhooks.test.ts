/** Webhooks of simulated Discord, and rate limits on them and others. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { delay } from '../../../platform/deadline.js';
import { simulate } from '../../support/simulated-discord.js';

const { first, one, other, rest, ready } = await simulate();
const [general = '', more = ''] = first.channelIds;

describe('a webhook', () => {
  it('posts, edits and deletes with its token alone', async () => {
    const { gateway } = await ready();
    const { body: hook } = await rest('POST', `/channels/${more}/webhooks`, { name: 'Deploys' });
    expect(hook).toMatchObject({ type: 1, channel_id: more, guild_id: first.id, name: 'Deploys' });
    const path = `/webhooks/${hook.id}/${hook.token}`;
    expect((await rest('POST', path, { content: 'quiet' }, null)).status).toBe(204);
    const posted = await rest('POST', `${path}?wait=true`, { content: 'v2', username: 'CI' }, null);
    expect(posted.body).toMatchObject({
      ...{ webhook_id: hook.id, content: 'v2', author: { id: hook.id, username: 'CI', bot: true } },
    });
    await gateway.event('WEBHOOKS_UPDATE');
    await gateway.event('MESSAGE_CREATE');
    const { d } = await gateway.event('MESSAGE_CREATE');
    expect(d).toMatchObject({ content: 'v2', guild_id: first.id });
    expect(d).not.toHaveProperty('member');
    const message = `${path}/messages/${posted.body.id}`;
    expect((await rest('PATCH', message, { content: 'v3' }, null)).body.content).toBe('v3');
    expect((await rest('GET', message, undefined, null)).body.content).toBe('v3');
    expect((await rest('DELETE', message, undefined, null)).status).toBe(204);
    expect((await rest('GET', message, undefined, null)).body.code).toBe(10008);
  });

  it('is listed, renamed and deleted', async () => {
    const { body: hook } = await rest('POST', `/channels/${general}/webhooks`, { name: 'a' });
    expect((await rest('GET', `/guilds/${first.id}/webhooks`)).body).toContainEqual(hook);
    const path = `/webhooks/${hook.id}`;
    expect((await rest('PATCH', path, { name: 'b' })).body.name).toBe('b');
    expect((await rest('GET', path, undefined, other.token)).body.code).toBe(50001);
    const own = await rest('GET', `${path}/${hook.token}`, undefined, null);
    expect(own.body).not.toHaveProperty('user');
    expect((await rest('DELETE', path)).status).toBe(204);
    expect((await rest('GET', path)).body.code).toBe(10015);
  });

  it('is refused with another token, a forbidden name, or as the 16th of a channel', async () => {
    const create = (name: string) => rest('POST', `/channels/${general}/webhooks`, { name });
    const { body: hook } = await create('hook');
    const guess = await rest('POST', `/webhooks/${hook.id}/guess`, { content: 'x' }, null);
    expect([guess.status, guess.body.code]).toEqual([401, 50027]);
    const unknown = await rest('POST', '/webhooks/1/guess', { content: 'x' }, null);
    expect([unknown.status, unknown.body.code]).toEqual([404, 10015]);
    expect((await create('My Discord')).body.code).toBe(50035);
    for (let count = 1; count < 15; count++) await create('hook');
    expect((await create('hook')).body.code).toBe(30007);
  });
});

describe('a rate limit', () => {
  it('is announced in each answer, and refuses with 429 until it is over', async () => {
    const path = `/channels/${general}/messages`;
    const answers = [];
    for (const content of ['1', '2', '3', '4', '5', '6'])
      answers.push(await rest('POST', path, { content }));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429]);
    const remaining = answers.map(({ headers }) => headers.get('x-ratelimit-remaining'));
    expect(remaining).toEqual(['4', '3', '2', '1', '0', '0']);
    const refused = answers[5]!;
    expect(refused.body).toMatchObject({ message: 'You are being rate limited.', global: false });
    const seconds = refused.body.retry_after as number;
    expect(seconds).toBeGreaterThan(3);
    expect(refused.headers.get('retry-after')).toBe(String(Math.ceil(seconds)));
    expect(refused.headers.get('x-ratelimit-scope')).toBe('user');
    expect(refused.headers.get('via')).not.toBeNull();
    const bucket = refused.headers.get('x-ratelimit-bucket');
    expect(bucket).toBe(answers[0]!.headers.get('x-ratelimit-bucket'));
    // Another channel has a limit of its own.
    expect((await rest('POST', `/channels/${more}/messages`, { content: 'x' })).status).toBe(200);
    await delay(seconds * 1_000 + 50);
    expect((await rest('POST', path, { content: '7' })).status).toBe(200);
  });

  it('holds for all calls of a bot together, but not for interactions', async () => {
    const own = await simulate({ globalLimit: 3 }, onTestFinished);
    const answers = [];
    for (const path of ['/users/@me', '/gateway/bot', '/voice/regions', '/users/@me/guilds'])
      answers.push(await own.rest('GET', path));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    const { headers, body } = answers[3]!;
    expect(body.global).toBe(true);
    expect(headers.get('x-ratelimit-global')).toBe('true');
    expect(headers.get('x-ratelimit-scope')).toBe('global');
    const open = await own.rest('GET', '/gateway');
    expect(open.status).toBe(200);
    const { token } = own.other;
    expect((await own.rest('GET', '/users/@me', undefined, token)).status).toBe(200);
  });
});

it('a bot token has the shape of Discord’s, with the application’s id in front', () => {
  expect(one.token).toMatch(/^[\w-]{24,28}\.[\w-]{6}\.[\w-]{38}$/);
  const [id = ''] = one.token.split('.');
  expect(Buffer.from(id, 'base64url').toString()).toBe(one.id);
});
