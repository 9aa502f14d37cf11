/**
 * What a person does in simulated Discord: sees guilds, writes, uses a command, reads. Ids are
 * text, as everywhere.
 */

export interface GuildSummary {
  readonly id: string;
  readonly name: string;
  readonly channelIds: readonly string[];
}

export interface MessageSummary {
  readonly id: string;
  /** The author's name. */
  readonly author: string;
  readonly content: string;
  readonly channelId: string;
}

/** The answer to a command, or to a component. */
export interface SlashResult {
  /** Of the interaction. */
  readonly id: string;
  /** `deferred`: the bot still thinks; `unanswered`: it did not answer within 3 seconds. */
  readonly state: 'answered' | 'deferred' | 'unanswered';
  /** Null where the bot answered without a message, or not at all. */
  readonly answer: MessageSummary | null;
}

export interface ApplicationSummary {
  readonly id: string;
  readonly name: string;
  /** The bot token. */
  readonly token: string;
  readonly guildIds: readonly string[];
}

/** A guild is named by its id, or by its name. */
export interface DiscordControl {
  guilds(): Promise<readonly GuildSummary[]>;
  /** Writes as the guild's owner, by default into the first channel. */
  say(guild: string, text: string, channelId?: string): Promise<MessageSummary>;
  /**
   * Uses a slash command as the guild's owner, and waits for the answer.
   * @param command with its subcommand after a space: `rank show`
   * @param options each value as typed; it is read by the option's type
   */
  slash(
    guild: string,
    command: string,
    options?: Readonly<Record<string, string>>,
  ): Promise<SlashResult>;
  /**
   * Uses a button or a menu of a message, as the guild's owner, and waits for the answer.
   * @param values what was chosen in a menu
   */
  press(
    guild: string,
    messageId: string,
    customId: string,
    values?: readonly string[],
  ): Promise<SlashResult>;
  /** Of all channels, the newest last; also answers that only the owner sees. */
  messages(guild: string): Promise<readonly MessageSummary[]>;
  applications(): Promise<readonly ApplicationSummary[]>;
  /**
   * What the network or Discord does to the gateway's clients: `drop` cuts their connections,
   * `reconnect` asks them to connect anew, `invalidate` ends their sessions.
   */
  disturb(how: Disturbance): Promise<{ readonly connections: number }>;
}

export const DISTURBANCES = ['drop', 'reconnect', 'invalidate'] as const;
export type Disturbance = (typeof DISTURBANCES)[number];
