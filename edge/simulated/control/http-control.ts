/** The control surface of a simulated Discord that runs in another process. */
import type {
  ApplicationSummary,
  DiscordControl,
  Disturbance,
  GuildSummary,
  MessageSummary,
  SlashResult,
} from './control.js';
import { CONTROL_PATH, refusalFrom, type Operation } from './control-server.js';

/** Longer than a slash command waits for a deferred answer. */
const TIMEOUT_MS = 30_000;

export class HttpControl implements DiscordControl {
  /** @param url `http://127.0.0.1:<port>` */
  constructor(
    private readonly url: string,
    private readonly secret: string,
  ) {}

  guilds(): Promise<GuildSummary[]> {
    return this.#ask('guilds', {});
  }

  say(guild: string, text: string, channelId?: string): Promise<MessageSummary> {
    return this.#ask('say', { guild, text, channelId });
  }

  slash(
    guild: string,
    command: string,
    options: Readonly<Record<string, string>> = {},
  ): Promise<SlashResult> {
    return this.#ask('slash', { guild, command, options });
  }

  press(
    guild: string,
    messageId: string,
    customId: string,
    values: readonly string[] = [],
  ): Promise<SlashResult> {
    return this.#ask('press', { guild, messageId, customId, values });
  }

  messages(guild: string): Promise<MessageSummary[]> {
    return this.#ask('messages', { guild });
  }

  applications(): Promise<ApplicationSummary[]> {
    return this.#ask('applications', {});
  }

  disturb(how: Disturbance): Promise<{ connections: number }> {
    return this.#ask('disturb', { how });
  }

  /** @throws DiscordError for a refusal; the error of fetch where nothing listens */
  async #ask<T>(operation: Operation, body: object): Promise<T> {
    const response = await fetch(`${this.url}${CONTROL_PATH}${operation}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.secret}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw refusalFrom(response.status, answer);
    return answer as T;
  }
}
