/** A guild, its channels and its roles. */
import { text, type Fields } from '../../../../discord/fields.js';
import { invalidForm, refusal } from '../../../../discord/rest-errors.js';
import type { Guild } from '../../world/guild.js';
import { CHANNEL, makeRole, type Json, type RoleData } from '../../world/shapes.js';
import { created, isTrue, NO_CONTENT, param, type BotCall } from '../call.js';
import type { Routes } from '../router.js';

export function addGuildRoutes(routes: Routes): void {
  routes
    .bot('GET', '/guilds/:guild', getGuild)
    .bot('PATCH', '/guilds/:guild', editGuild)
    .bot('GET', '/guilds/:guild/channels', (call) =>
      [...guildOf(call).channels.values()].map(({ data }) => data),
    )
    .bot('POST', '/guilds/:guild/channels', createChannel)
    .bot('GET', '/guilds/:guild/roles', (call) => [...guildOf(call).roles.values()])
    .bot('GET', '/guilds/:guild/roles/:role', (call) => roleOf(guildOf(call), param(call, 'role')))
    .bot('POST', '/guilds/:guild/roles', createRole)
    .bot('PATCH', '/guilds/:guild/roles/:role', editRole)
    .bot('DELETE', '/guilds/:guild/roles/:role', deleteRole)
    .bot('GET', '/guilds/:guild/threads/active', none({ threads: [], members: [] }))
    .bot('GET', '/guilds/:guild/audit-logs', none(EMPTY_AUDIT_LOG));
  for (const name of EMPTY_LISTS) routes.bot('GET', `/guilds/:guild/${name}`, none([]));
}

/** Collections that simulated guilds do not have. */
const EMPTY_LISTS = [
  ...['emojis', 'stickers', 'invites', 'integrations', 'scheduled-events', 'regions'],
  'auto-moderation/rules',
];
const EMPTY_AUDIT_LOG = {
  ...{ audit_log_entries: [], users: [], integrations: [], webhooks: [], threads: [] },
  ...{ application_commands: [], auto_moderation_rules: [], guild_scheduled_events: [] },
};

/** The same answer for every guild that the bot is in. */
const none =
  (answer: unknown) =>
  (call: BotCall): unknown => {
    guildOf(call);
    return answer;
  };

/** The guild of the path. @throws DiscordError 10004 */
export const guildOf = (call: BotCall): Guild =>
  call.world.guildFor(call.bot, param(call, 'guild'));

function getGuild(call: BotCall): Json {
  const guild = guildOf(call);
  if (!isTrue(call, 'with_counts')) return guild.data;
  const count = guild.members.size;
  return { ...guild.data, approximate_member_count: count, approximate_presence_count: count };
}

function editGuild(call: BotCall): Json {
  const guild = guildOf(call);
  guild.name = text(call.body, 'name') ?? guild.name;
  call.world.emit({ type: 'GUILD_UPDATE', data: guild.data, guildId: guild.id });
  return guild.data;
}

function createChannel(call: BotCall): unknown {
  const guild = guildOf(call);
  const name = requiredName(call.body);
  const type = typeof call.body.type === 'number' ? call.body.type : CHANNEL.text;
  if (!(Object.values(CHANNEL) as number[]).includes(type) || type === CHANNEL.direct) {
    throw invalidForm(['type'], 'BASE_TYPE_CHOICES', 'Value is not one of the allowed choices.');
  }
  const { data } = call.world.addChannel(guild, name, type);
  Object.assign(data, settingsIn(call.body));
  call.world.emit({ type: 'CHANNEL_CREATE', data, guildId: guild.id });
  return created(data);
}

/** What a bot may set of a channel. */
export function settingsIn(body: Fields): Json {
  const names = ['name', 'topic', 'nsfw', 'parent_id', 'position', 'rate_limit_per_user'];
  const given = [...names, 'permission_overwrites'].filter((name) => body[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, body[name]]));
}

function requiredName(body: Fields): string {
  const name = text(body, 'name');
  if (name !== null && name.length <= 100) return name;
  if (name === null) throw invalidForm(['name'], 'BASE_TYPE_REQUIRED', 'This field is required');
  throw invalidForm(['name'], 'BASE_TYPE_BAD_LENGTH', 'Must be between 1 and 100 in length.');
}

/** @throws DiscordError 10011 */
export function roleOf(guild: Guild, id: string): RoleData {
  const role = guild.roles.get(id);
  if (role === undefined) throw refusal('unknownRole');
  return role;
}

const ROLE_SETTINGS = ['name', 'permissions', 'color', 'hoist', 'mentionable', 'position'];

function settingsOfRole(body: Fields): Json {
  const given = ROLE_SETTINGS.filter((name) => body[name] !== undefined && body[name] !== null);
  return Object.fromEntries(given.map((name) => [name, body[name]]));
}

function createRole(call: BotCall): RoleData {
  const guild = guildOf(call);
  const role = makeRole(call.world.nextId(), 'new role', guild.roles.size);
  Object.assign(role, { permissions: '0' }, settingsOfRole(call.body));
  guild.roles.set(role.id, role);
  const data = { guild_id: guild.id, role };
  call.world.emit({ type: 'GUILD_ROLE_CREATE', data, guildId: guild.id });
  return role;
}

function editRole(call: BotCall): RoleData {
  const guild = guildOf(call);
  const role = roleOf(guild, param(call, 'role'));
  Object.assign(role, settingsOfRole(call.body));
  const data = { guild_id: guild.id, role };
  call.world.emit({ type: 'GUILD_ROLE_UPDATE', data, guildId: guild.id });
  return role;
}

function deleteRole(call: BotCall): unknown {
  const guild = guildOf(call);
  const { id } = roleOf(guild, param(call, 'role'));
  // The role @everyone cannot be deleted.
  if (id === guild.id) throw refusal('missingPermissions');
  guild.roles.delete(id);
  for (const member of guild.members.values())
    member.roles = member.roles.filter((role) => role !== id);
  const data = { guild_id: guild.id, role_id: id };
  call.world.emit({ type: 'GUILD_ROLE_DELETE', data, guildId: guild.id });
  return NO_CONTENT;
}
