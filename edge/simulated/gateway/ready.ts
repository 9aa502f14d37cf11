/** READY: the smallest that every known library accepts, and a plain word that this is simulated. */
import type { Guild } from '../world/guild.js';
import type { Json } from '../world/shapes.js';
import type { Session } from './session.js';

export const NOTICE = 'This is a simulated Discord on this machine. It is not discord.com.';

export function ready(session: Session, guilds: readonly Guild[], gatewayUrl: string): Json {
  const { application, id, shard } = session;
  return {
    v: 10,
    user_settings: {},
    user: { ...application.user, verified: true, mfa_enabled: true, email: null, flags: 0 },
    session_type: 'normal',
    session_id: id,
    resume_gateway_url: gatewayUrl,
    shard,
    relationships: [],
    private_channels: [],
    presences: [],
    guilds: guilds.map((guild) => ({ id: guild.id, unavailable: true })),
    guild_join_requests: [],
    geo_ordered_rtc_regions: [],
    application: { id: application.id, flags: 0 },
    _trace: [NOTICE],
  };
}
