/** Objects of simulated Discord, in the form in which they travel (snake case, ids as text). */

export type Json = Record<string, unknown>;

export interface UserData {
  readonly id: string;
  readonly username: string;
  readonly discriminator: '0';
  readonly global_name: string | null;
  readonly avatar: null;
  readonly bot: boolean;
  readonly public_flags: number;
}

export interface MemberData extends Json {
  readonly user: UserData;
  nick: string | null;
  roles: readonly string[];
  readonly joined_at: string;
}

export interface RoleData extends Json {
  readonly id: string;
  name: string;
  position: number;
}

export interface ChannelData extends Json {
  readonly id: string;
  readonly type: number;
  readonly guild_id?: string;
  name?: string;
  last_message_id: string | null;
}

export interface MessageData extends Json {
  readonly id: string;
  readonly channel_id: string;
  readonly author: UserData;
  content: string;
  flags: number;
  edited_timestamp: string | null;
}

export const CHANNEL = { text: 0, direct: 1, voice: 2, category: 4, news: 5 } as const;
export const FLAG = { ephemeral: 1 << 6, loading: 1 << 7 } as const;
/** Every permission that Discord has, as the text in which permissions travel. */
export const ALL_PERMISSIONS = String((1n << 53n) - 1n);

/** With Discord's microseconds and offset. */
export const instant = (ms: number): string => new Date(ms).toISOString().replace('Z', '000+00:00');

export function makeUser(id: string, username: string, bot: boolean): UserData {
  return {
    ...{ id, username, discriminator: '0', global_name: bot ? null : username },
    ...{ avatar: null, avatar_decoration_data: null, bot, public_flags: 0 },
  };
}

export function makeMember(user: UserData, joinedAt: string, roles: string[] = []): MemberData {
  return {
    ...{ user, nick: null, avatar: null, banner: null, roles, joined_at: joinedAt },
    ...{ premium_since: null, communication_disabled_until: null },
    ...{ deaf: false, mute: false, pending: false, flags: 0 },
  };
}

/** The role @everyone has the guild's id, and here every permission. */
export function makeRole(id: string, name: string, position: number): RoleData {
  return {
    ...{ id, name, description: null, permissions: ALL_PERMISSIONS, position },
    color: 0,
    colors: { primary_color: 0, secondary_color: null, tertiary_color: null },
    ...{ hoist: false, managed: false, mentionable: false, icon: null },
    ...{ unicode_emoji: null, flags: 0 },
  };
}

export function makeChannel(
  id: string,
  guildId: string,
  given: { type: number; name: string; position: number },
): ChannelData {
  return {
    ...{ id, type: given.type, guild_id: guildId, name: given.name, position: given.position },
    ...{ parent_id: null, permission_overwrites: [], flags: 0, nsfw: false },
    ...{ rate_limit_per_user: 0, last_message_id: null, topic: null },
    ...(given.type === CHANNEL.voice ? { bitrate: 64_000, user_limit: 0, rtc_region: null } : {}),
    ...(given.type === CHANNEL.text ? { last_pin_timestamp: null } : {}),
  };
}
