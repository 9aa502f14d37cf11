/** Application commands of simulated Discord. */
import { describe, expect, it } from 'vitest';
import { simulate, type Reply } from '../../support/simulated-discord.js';

const { first, second, one, rest } = await simulate();
const GLOBAL = `/applications/${one.id}/commands`;
const OF_FIRST = `/applications/${one.id}/guilds/${first.id}/commands`;
const OF_SECOND = `/applications/${one.id}/guilds/${second.id}/commands`;
const names = ({ list }: Reply): unknown[] => list.map(({ name }) => name).sort();

it('a command is made, replaced under the same id, changed and deleted', async () => {
  const made = await rest('POST', GLOBAL, { name: 'ping', description: 'answers' });
  expect(made.status).toBe(201);
  expect(made.body).toMatchObject({
    ...{ application_id: one.id, name: 'ping', type: 1, description: 'answers' },
    ...{ default_member_permissions: null, nsfw: false },
  });
  expect(made.body).not.toHaveProperty('guild_id');
  const again = await rest('POST', GLOBAL, { name: 'ping', description: 'answers again' });
  expect([again.status, again.body.id]).toEqual([200, made.body.id]);
  expect(again.body.version).not.toBe(made.body.version);
  const path = `${GLOBAL}/${made.body.id}`;
  expect((await rest('PATCH', path, { description: 'changed' })).body).toMatchObject({
    ...{ id: made.body.id, name: 'ping', description: 'changed' },
  });
  expect((await rest('GET', path)).body.description).toBe('changed');
  expect((await rest('DELETE', path)).status).toBe(204);
  expect((await rest('GET', path)).body).toEqual({
    ...{ message: 'Unknown application command', code: 10063 },
  });
});

it('commands of a guild are its own, and a bulk write replaces all of them', async () => {
  const { body: kept } = await rest('POST', OF_FIRST, { name: 'kept', description: 'd' });
  await rest('POST', OF_FIRST, { name: 'gone', description: 'd' });
  await rest('POST', OF_SECOND, { name: 'elsewhere', description: 'd' });
  const written = await rest('PUT', OF_FIRST, [
    { name: 'kept', description: 'new' },
    { name: 'User menu', type: 2 },
  ]);
  expect(written.status).toBe(200);
  expect(written.body).toMatchObject([
    { id: kept.id, guild_id: first.id, description: 'new' },
    { name: 'User menu', type: 2, description: '' },
  ]);
  expect(names(await rest('GET', OF_FIRST))).toEqual(['User menu', 'kept']);
  expect(names(await rest('GET', OF_SECOND))).toEqual(['elsewhere']);
  expect((await rest('GET', `${OF_FIRST}/permissions`)).body).toEqual([]);
  const permissions = await rest('GET', `${OF_FIRST}/${kept.id}/permissions`);
  expect([permissions.status, permissions.body.code]).toEqual([404, 10066]);
});

describe('a command is refused', () => {
  const option = { type: 3, name: 'o', description: 'd' };
  it.each([
    ['without a name', { description: 'd' }],
    ['without a description', { name: 'x' }],
    ['with a capital letter', { name: 'Ping', description: 'd' }],
    ['with a long description', { name: 'x', description: 'd'.repeat(101) }],
    ['of an unknown type', { name: 'x', description: 'd', type: 9 }],
    ['with an option of an unknown type', withOptions([{ ...option, type: 12 }])],
    ['with 26 options', withOptions(Array.from({ length: 26 }, () => option))],
    ['with a required option behind', withOptions([option, { ...option, required: true }])],
  ])('%s', async (_why, body) => {
    const { status, body: refused } = await rest('POST', GLOBAL, body);
    expect([status, refused.code]).toEqual([400, 50035]);
  });

  function withOptions(options: unknown[]): object {
    return { name: 'x', description: 'd', options };
  }

  it('in a bulk write with one name twice, or without a list', async () => {
    const twice = { name: 'x', description: 'd' };
    expect((await rest('PUT', GLOBAL, [twice, twice])).body.code).toBe(50035);
    expect((await rest('PUT', GLOBAL, twice)).body.code).toBe(50035);
  });

  it('as the 101st', async () => {
    const bodies = Array.from({ length: 100 }, (_, n) => ({ name: `c${n}`, description: 'd' }));
    expect((await rest('PUT', GLOBAL, bodies)).status).toBe(200);
    const more = await rest('POST', GLOBAL, { name: 'more', description: 'd' });
    expect([more.status, more.body.code]).toEqual([400, 30032]);
  });
});
