/**
 * Which events a session receives: each event type needs one of its intents.
 * Source: https://discord.com/developers/docs/events/gateway#gateway-intents
 */

export const INTENT = {
  guilds: 1 << 0,
  guildMembers: 1 << 1,
  guildModeration: 1 << 2,
  guildExpressions: 1 << 3,
  guildIntegrations: 1 << 4,
  guildWebhooks: 1 << 5,
  guildInvites: 1 << 6,
  guildVoiceStates: 1 << 7,
  guildPresences: 1 << 8,
  guildMessages: 1 << 9,
  guildMessageReactions: 1 << 10,
  guildMessageTyping: 1 << 11,
  directMessages: 1 << 12,
  directMessageReactions: 1 << 13,
  directMessageTyping: 1 << 14,
  messageContent: 1 << 15,
  guildScheduledEvents: 1 << 16,
  autoModerationConfiguration: 1 << 20,
  autoModerationExecution: 1 << 21,
  guildMessagePolls: 1 << 24,
  directMessagePolls: 1 << 25,
} as const;

/** An application has these only where its owner switched them on. */
export const PRIVILEGED_INTENTS =
  INTENT.guildMembers | INTENT.guildPresences | INTENT.messageContent;

/** Libraries send unassigned bits below the highest one too ("all"), and Discord accepts them. */
const LIMIT = 1 << 26;

export function isIntents(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < LIMIT;
}

/** The intents of an event in a guild, and of the same event in a direct message. */
interface Needs {
  readonly guild: number;
  readonly direct: number;
}

function table(): ReadonlyMap<string, Needs> {
  const needs = new Map<string, Needs>();
  const add = (guild: number, direct: number, names: string): void => {
    for (const name of names.split(' ')) needs.set(name, { guild, direct });
  };
  const ofGuild = (intents: number, names: string): void => add(intents, intents, names);
  ofGuild(INTENT.guilds, 'GUILD_CREATE GUILD_UPDATE GUILD_DELETE');
  ofGuild(INTENT.guilds, 'GUILD_ROLE_CREATE GUILD_ROLE_UPDATE GUILD_ROLE_DELETE');
  ofGuild(INTENT.guilds, 'CHANNEL_CREATE CHANNEL_UPDATE CHANNEL_DELETE');
  add(INTENT.guilds, INTENT.directMessages, 'CHANNEL_PINS_UPDATE');
  ofGuild(INTENT.guilds, 'THREAD_CREATE THREAD_UPDATE THREAD_DELETE THREAD_LIST_SYNC');
  ofGuild(INTENT.guilds, 'THREAD_MEMBER_UPDATE');
  ofGuild(INTENT.guilds | INTENT.guildMembers, 'THREAD_MEMBERS_UPDATE');
  ofGuild(INTENT.guilds, 'STAGE_INSTANCE_CREATE STAGE_INSTANCE_UPDATE STAGE_INSTANCE_DELETE');
  ofGuild(INTENT.guildMembers, 'GUILD_MEMBER_ADD GUILD_MEMBER_UPDATE GUILD_MEMBER_REMOVE');
  ofGuild(INTENT.guildModeration, 'GUILD_AUDIT_LOG_ENTRY_CREATE GUILD_BAN_ADD GUILD_BAN_REMOVE');
  ofGuild(INTENT.guildExpressions, 'GUILD_EMOJIS_UPDATE GUILD_STICKERS_UPDATE');
  ofGuild(INTENT.guildExpressions, 'GUILD_SOUNDBOARD_SOUND_CREATE GUILD_SOUNDBOARD_SOUND_UPDATE');
  ofGuild(INTENT.guildExpressions, 'GUILD_SOUNDBOARD_SOUND_DELETE GUILD_SOUNDBOARD_SOUNDS_UPDATE');
  ofGuild(INTENT.guildIntegrations, 'GUILD_INTEGRATIONS_UPDATE INTEGRATION_CREATE');
  ofGuild(INTENT.guildIntegrations, 'INTEGRATION_UPDATE INTEGRATION_DELETE');
  ofGuild(INTENT.guildWebhooks, 'WEBHOOKS_UPDATE');
  ofGuild(INTENT.guildInvites, 'INVITE_CREATE INVITE_DELETE');
  ofGuild(INTENT.guildVoiceStates, 'VOICE_STATE_UPDATE VOICE_CHANNEL_EFFECT_SEND');
  ofGuild(INTENT.guildPresences, 'PRESENCE_UPDATE');
  const { guildMessages, directMessages } = INTENT;
  add(guildMessages, directMessages, 'MESSAGE_CREATE MESSAGE_UPDATE MESSAGE_DELETE');
  ofGuild(guildMessages, 'MESSAGE_DELETE_BULK');
  const { guildMessageReactions, directMessageReactions } = INTENT;
  const reactions = 'MESSAGE_REACTION_ADD MESSAGE_REACTION_REMOVE MESSAGE_REACTION_REMOVE_ALL';
  add(guildMessageReactions, directMessageReactions, reactions);
  add(guildMessageReactions, directMessageReactions, 'MESSAGE_REACTION_REMOVE_EMOJI');
  add(INTENT.guildMessageTyping, INTENT.directMessageTyping, 'TYPING_START');
  ofGuild(INTENT.guildScheduledEvents, 'GUILD_SCHEDULED_EVENT_CREATE GUILD_SCHEDULED_EVENT_UPDATE');
  ofGuild(INTENT.guildScheduledEvents, 'GUILD_SCHEDULED_EVENT_DELETE');
  ofGuild(INTENT.guildScheduledEvents, 'GUILD_SCHEDULED_EVENT_USER_ADD');
  ofGuild(INTENT.guildScheduledEvents, 'GUILD_SCHEDULED_EVENT_USER_REMOVE');
  const { autoModerationConfiguration, autoModerationExecution } = INTENT;
  ofGuild(autoModerationConfiguration, 'AUTO_MODERATION_RULE_CREATE AUTO_MODERATION_RULE_UPDATE');
  ofGuild(autoModerationConfiguration, 'AUTO_MODERATION_RULE_DELETE');
  ofGuild(autoModerationExecution, 'AUTO_MODERATION_ACTION_EXECUTION');
  const { guildMessagePolls, directMessagePolls } = INTENT;
  const votes = 'MESSAGE_POLL_VOTE_ADD MESSAGE_POLL_VOTE_REMOVE';
  add(guildMessagePolls, directMessagePolls, votes);
  return needs;
}

const NEEDS = table();

/**
 * True if a session with these intents receives the event. A type without intents (interactions,
 * the session's own events, chunks of members) always arrives.
 */
export function isIntended(intents: number, type: string, direct: boolean): boolean {
  const needs = NEEDS.get(type);
  if (needs === undefined) return true;
  return (intents & (direct ? needs.direct : needs.guild)) !== 0;
}
