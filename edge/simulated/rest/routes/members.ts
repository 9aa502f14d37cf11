/** Members and bans of a guild. */
import { list, text } from '../../../../discord/fields.js';
import { invalidForm, refusal } from '../../../../discord/rest-errors.js';
import { withPrefix } from '../../gateway/member-chunks.js';
import type { Guild } from '../../world/guild.js';
import type { Json, MemberData } from '../../world/shapes.js';
import { idOf, limitOf, NO_CONTENT, param, type BotCall } from '../call.js';
import type { Routes } from '../router.js';
import { guildOf, roleOf } from './guilds.js';

export function addMemberRoutes(routes: Routes): void {
  routes
    .bot('GET', '/guilds/:guild/members', listMembers)
    .bot('GET', '/guilds/:guild/members/search', searchMembers)
    .bot('GET', '/users/@me/guilds/:guild/member', (call) => memberOf(guildOf(call), call.bot.id))
    .bot('GET', '/guilds/:guild/members/:user', (call) =>
      memberOf(guildOf(call), param(call, 'user')),
    )
    .bot('PATCH', '/guilds/:guild/members/@me', (call) => editMember(call, call.bot.id))
    .bot('PATCH', '/guilds/:guild/members/:user', (call) => editMember(call, param(call, 'user')))
    .bot('DELETE', '/guilds/:guild/members/:user', kick)
    .bot('PUT', '/guilds/:guild/members/:user/roles/:role', (call) => changeRole(call, true))
    .bot('DELETE', '/guilds/:guild/members/:user/roles/:role', (call) => changeRole(call, false))
    .bot('GET', '/guilds/:guild/bans', (call) => [...guildOf(call).bans.values()])
    .bot('GET', '/guilds/:guild/bans/:user', getBan)
    .bot('PUT', '/guilds/:guild/bans/:user', ban)
    .bot('DELETE', '/guilds/:guild/bans/:user', unban);
}

/** @throws DiscordError 10007 */
function memberOf(guild: Guild, userId: string): MemberData {
  const member = guild.members.get(userId);
  if (member === undefined) throw refusal('unknownMember');
  return member;
}

function listMembers(call: BotCall): MemberData[] {
  const after = BigInt(idOf(call, 'after') ?? '0');
  const members = [...guildOf(call).members.values()];
  const sorted = members
    .filter(({ user }) => BigInt(user.id) > after)
    .sort((a, b) => (BigInt(a.user.id) < BigInt(b.user.id) ? -1 : 1));
  return sorted.slice(0, limitOf(call, 1, 1_000));
}

function searchMembers(call: BotCall): MemberData[] {
  const query = call.query.get('query');
  if (query === null) {
    throw invalidForm(['query'], 'BASE_TYPE_REQUIRED', 'This field is required');
  }
  return withPrefix(guildOf(call), query).slice(0, limitOf(call, 1, 1_000));
}

const SETTINGS = ['nick', 'mute', 'deaf', 'communication_disabled_until', 'flags'];

function editMember(call: BotCall, userId: string): MemberData {
  const guild = guildOf(call);
  const member = memberOf(guild, userId);
  const given = SETTINGS.filter((name) => call.body[name] !== undefined);
  const roles = 'roles' in call.body ? list(call.body, 'roles').map(String) : member.roles;
  for (const id of roles) roleOf(guild, id);
  Object.assign(member, Object.fromEntries(given.map((name) => [name, call.body[name]])), {
    roles,
  });
  changed(call, guild, member);
  return member;
}

function changeRole(call: BotCall, isAdded: boolean): unknown {
  const guild = guildOf(call);
  const member = memberOf(guild, param(call, 'user'));
  const { id } = roleOf(guild, param(call, 'role'));
  const others = member.roles.filter((role) => role !== id);
  member.roles = isAdded ? [...others, id] : others;
  changed(call, guild, member);
  return NO_CONTENT;
}

function changed({ world }: BotCall, guild: Guild, member: MemberData): void {
  const data = { ...member, guild_id: guild.id };
  const { id: userId } = member.user;
  world.emit({ type: 'GUILD_MEMBER_UPDATE', data, guildId: guild.id, userId });
}

function kick(call: BotCall): unknown {
  const guild = guildOf(call);
  remove(call, guild, memberOf(guild, param(call, 'user')));
  return NO_CONTENT;
}

/** The owner and bots stay: a bot is removed by the control surface. */
function remove({ world }: BotCall, guild: Guild, { user }: MemberData): void {
  if (user.id === guild.owner.id || user.bot) throw refusal('missingPermissions');
  guild.members.delete(user.id);
  const data = { guild_id: guild.id, user };
  world.emit({ type: 'GUILD_MEMBER_REMOVE', data, guildId: guild.id });
}

function getBan(call: BotCall): Json {
  const found = guildOf(call).bans.get(param(call, 'user'));
  if (found === undefined) throw refusal('unknownBan');
  return found;
}

function ban(call: BotCall): unknown {
  const guild = guildOf(call);
  const user = call.world.users.get(param(call, 'user'));
  if (user === undefined) throw refusal('unknownUser');
  const member = guild.members.get(user.id);
  if (member !== undefined) remove(call, guild, member);
  guild.bans.set(user.id, { user, reason: text(call.body, 'reason') });
  const data = { guild_id: guild.id, user };
  call.world.emit({ type: 'GUILD_BAN_ADD', data, guildId: guild.id });
  return NO_CONTENT;
}

function unban(call: BotCall): unknown {
  const guild = guildOf(call);
  const { user } = getBan(call);
  guild.bans.delete(param(call, 'user'));
  call.world.emit({
    type: 'GUILD_BAN_REMOVE',
    data: { guild_id: guild.id, user },
    guildId: guild.id,
  });
  return NO_CONTENT;
}
