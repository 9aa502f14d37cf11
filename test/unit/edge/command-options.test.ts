/** What a person types behind a command: each type of option, and what is refused. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { simulate } from '../../support/simulated-discord.js';
import type { WireObject } from '../../support/bare-gateway.js';

const { discord, first, second, one, rest, ready } = await simulate({ answerWithinMs: 100 });
const [general = ''] = first.channelIds;
const option = (type: number, name: string) => ({ type, name, description: 'd' });
const text = { ...option(3, 'text'), required: true };
const typed = [
  ...[option(4, 'integer'), option(10, 'number'), option(5, 'boolean'), option(6, 'user')],
  ...[option(7, 'channel'), option(8, 'role'), option(9, 'any'), option(11, 'file')],
];
await rest('PUT', `/applications/${one.id}/commands`, [
  { name: 'set', description: 'd', options: [text, ...typed] },
  {
    ...{ name: 'deep', description: 'd' },
    options: [{ ...option(2, 'group'), options: [{ ...option(1, 'leaf'), options: [text] }] }],
  },
  { name: 'plain', description: 'd' },
]);
const { body: role } = await rest('POST', `/guilds/${first.id}/roles`, { name: 'Rank' });
const { list: found } = await rest('GET', `/guilds/${second.id}/members/search?query=Alan`);
const alan = found[0]!.user.id;

/** The data that reaches the bot. */
async function dataOf(command: string, options: Record<string, string> = {}): Promise<WireObject> {
  const { gateway } = await ready();
  onTestFinished(() => gateway.socket.close(1_000));
  const result = discord.control.slash(first.id, command, options);
  const { d } = await gateway.event('INTERACTION_CREATE');
  await result;
  return d.data as unknown as WireObject;
}

describe('an option', () => {
  it.each([
    ['text', 3, '12', '12'],
    ['integer', 4, '-7', -7],
    ['number', 10, '1.5', 1.5],
    ['boolean', 5, 'false', false],
  ])('%s of type %i reads %o as %o', async (name, type, given, value) => {
    const { options } = await dataOf('set', { text: '12', [name]: given });
    expect(options).toContainEqual({ name, type, value });
  });

  it('that names a channel, a role or a user brings the object with it', async () => {
    const ids = { channel: general, role: role.id, user: one.id };
    const { options, resolved } = await dataOf('set', { text: 'x', ...ids });
    expect((options as object[]).slice(1)).toEqual([
      { name: 'user', type: 6, value: one.id },
      { name: 'channel', type: 7, value: general },
      { name: 'role', type: 8, value: role.id },
    ]);
    const all = resolved as Record<string, Record<string, WireObject>>;
    expect(Object.keys(all).sort()).toEqual(['channels', 'members', 'roles', 'users']);
    expect(all.channels![general]).toMatchObject({ id: general, name: 'general', type: 0 });
    expect(all.roles![role.id]).toMatchObject({ id: role.id, name: 'Rank' });
    expect(all.users![one.id]).toMatchObject({ id: one.id, bot: true });
    expect(all.members![one.id]).not.toHaveProperty('user');
  });

  it('that may be a user or a role resolves as what it is', async () => {
    const asRole = await dataOf('set', { text: 'x', any: role.id });
    expect(asRole.resolved).toMatchObject({ roles: { [role.id]: { name: 'Rank' } } });
    expect(asRole.resolved).not.toHaveProperty('users');
    const asUser = await dataOf('set', { text: 'x', any: one.id });
    expect(asUser.resolved).toMatchObject({ users: { [one.id]: { bot: true } } });
    expect(asUser.resolved).not.toHaveProperty('roles');
  });

  it('that names a user outside the guild has no member', async () => {
    const { resolved } = await dataOf('set', { text: 'x', user: alan });
    expect(resolved).toMatchObject({ users: { [alan]: { username: 'Alan' } } });
    expect(resolved).not.toHaveProperty('members');
  });

  it('of a subcommand in a group is nested twice', async () => {
    const { options } = await dataOf('/deep group leaf', { text: 'x' });
    const leaf = { name: 'leaf', type: 1, options: [{ name: 'text', type: 3, value: 'x' }] };
    expect(options).toEqual([{ name: 'group', type: 2, options: [leaf] }]);
  });

  it('is absent where the command has none', async () => {
    const data = await dataOf('plain');
    expect(data).toMatchObject({ name: 'plain', type: 1 });
    expect(data).not.toHaveProperty('options');
    expect(data).not.toHaveProperty('resolved');
    expect(data).not.toHaveProperty('guild_id');
  });
});

describe('a command is used wrongly', () => {
  const id = 'is an id of this guild; 1 is none';
  it.each([
    ['set', { integer: '1.5' }, 'the option integer is a number'],
    ['set', { number: 'Infinity' }, 'the option number is a number'],
    ['set', { number: ' ' }, 'the option number is a number'],
    ['set', { boolean: 'yes' }, 'the option boolean is true or false'],
    ['set', { user: '1' }, `the option user ${id}`],
    ['set', { channel: '1' }, `the option channel ${id}`],
    ['set', { role: '1' }, `the option role ${id}`],
    ['set', { any: '1' }, `the option any ${id}`],
    ['set', { file: 'x' }, 'the option file cannot be given here'],
    ['set more', {}, 'there is no subcommand more'],
    ['deep group', {}, 'one of its subcommands is needed: leaf'],
    ['deep group leaf more', {}, 'there is no subcommand more'],
  ])('%s with %o: %s', async (command, options, message) => {
    const used = discord.control.slash(first.id, command, { text: 'x', ...options });
    const fault = {
      code: 'INVALID_OPTIONS',
      message: `This command was used wrongly: ${message}.`,
    };
    await expect(used).rejects.toMatchObject({
      ...{ code: 50035, errors: { options: { _errors: [fault] } } },
    });
  });
});
