/** A guild of simulated Discord, and its payloads. */
import { INTENT } from '../../../discord/intents.js';
import {
  makeChannel,
  makeMember,
  makeRole,
  type Json,
  type MemberData,
  type RoleData,
  type UserData,
} from './shapes.js';
import type { Channel } from './world.js';

export class Guild {
  readonly roles = new Map<string, RoleData>();
  readonly members = new Map<string, MemberData>();
  readonly channels = new Map<string, Channel>();
  readonly bans = new Map<string, { user: UserData; reason: string | null }>();

  constructor(
    readonly id: string,
    public name: string,
    readonly owner: UserData,
    readonly createdAt: string,
  ) {
    this.roles.set(id, makeRole(id, '@everyone', 0));
    this.addMember(owner, createdAt);
  }

  addMember(user: UserData, joinedAt: string): MemberData {
    const member = makeMember(user, joinedAt);
    this.members.set(user.id, member);
    return member;
  }

  addChannel(id: string, name: string, type: number): Channel {
    const position = this.channels.size;
    const channel: Channel = {
      data: makeChannel(id, this.id, { type, name, position }),
      guild: this,
      messages: new Map(),
      pinned: new Set(),
    };
    this.channels.set(id, channel);
    return channel;
  }

  /** Fields of the guild itself, as in GUILD_UPDATE and `GET /guilds/{id}`. */
  get data(): Json {
    return {
      ...{ id: this.id, name: this.name, owner_id: this.owner.id },
      description: 'A guild of simulated Discord: nothing here is on discord.com.',
      ...{ icon: null, splash: null, discovery_splash: null, banner: null, features: [] },
      ...{ emojis: [], stickers: [], roles: [...this.roles.values()] },
      ...{ verification_level: 0, default_message_notifications: 0, explicit_content_filter: 0 },
      ...{ mfa_level: 0, nsfw_level: 0, nsfw: false, premium_tier: 0 },
      ...{ premium_subscription_count: 0, premium_progress_bar_enabled: false },
      ...{ preferred_locale: 'en-US', system_channel_id: null, system_channel_flags: 0 },
      ...{ rules_channel_id: null, public_updates_channel_id: null, afk_channel_id: null },
      ...{ safety_alerts_channel_id: null, afk_timeout: 300, vanity_url_code: null },
      ...{ application_id: null, max_presences: null, max_members: 500_000 },
      ...{ max_video_channel_users: 25, max_stage_video_channel_users: 50 },
    };
  }

  /**
   * As in GUILD_CREATE. Without the intent for presences the members are only the bot's own, as on
   * Discord; the session asks for the others.
   */
  createdFor(botId: string, intents: number): Json {
    const own = this.members.get(botId);
    const all = (intents & INTENT.guildPresences) !== 0;
    const members = [...this.members.values()].filter((member) => all || member === own);
    return {
      ...this.data,
      ...{ unavailable: false, large: false, member_count: this.members.size },
      joined_at: own?.joined_at ?? this.createdAt,
      channels: [...this.channels.values()].map(({ data }) => withoutGuildId(data)),
      ...{ members, threads: [], voice_states: [], presences: [], stage_instances: [] },
      ...{ guild_scheduled_events: [], soundboard_sounds: [] },
    };
  }
}

function withoutGuildId({ guild_id: _, ...data }: Json): Json {
  return data;
}
