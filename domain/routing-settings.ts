/**
 * An operator's settings of the routing: production's subjects, the router's form, the storage of
 * ROUTED.
 */

/**
 * JetStream refuses overlapping streams, so production cannot have `events.>` beside
 * `events.raw.>`. Single-token types fit `events.*`; families with dots are listed
 * (docs/routing.md).
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

/**
 * How the router speaks on its hot path: the client's API, or protocol bytes of its own
 * (docs/routing.md).
 */
export const ROUTER_FORMS = ['fast', 'plain'] as const;

export type RouterForm = (typeof ROUTER_FORMS)[number];

/**
 * The storage of `ROUTED`. `durable`: on disk for days. `best-effort`: in memory for minutes;
 * unread events are lost with the server's process (docs/routing.md).
 */
export const STREAM_PROFILES = ['durable', 'best-effort'] as const;

export type StreamProfile = (typeof STREAM_PROFILES)[number];
