/** Settings of the routing that an operator chooses: production's subjects, the router's form, how ROUTED is kept. */

/**
 * JetStream refuses overlapping streams, so production's `events.>` cannot be one beside `events.raw.>`: single-token
 * types fit `events.*`, families with dots are listed (docs/routing.md).
 */
export const DEFAULT_PRODUCTION_SUBJECTS = [
  'events.*',
  'events.guild.>',
  'events.member.>',
  'events.message.>',
  'events.interaction.>',
  'events.role.>',
  'events.channel.>',
  'events.voice.>',
  'commands.*',
  'commands.interaction.>',
] as const;

/** How the router speaks on its hot path: the client's own API, or protocol bytes by hand (docs/routing.md). */
export const ROUTER_FORMS = ['fast', 'plain'] as const;

export type RouterForm = (typeof ROUTER_FORMS)[number];

/**
 * How `ROUTED` is kept. `durable`: on disk for days. `best-effort`: in memory for minutes; whatever a bot has not read is lost
 * with the server's process (docs/routing.md).
 */
export const STREAM_PROFILES = ['durable', 'best-effort'] as const;

export type StreamProfile = (typeof STREAM_PROFILES)[number];
