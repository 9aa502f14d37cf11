/** Webhooks of a channel: whoever has the token may post, without a bot. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { text, type Fields } from '../../../discord/fields.js';
import { invalidForm, refusal } from '../../../discord/rest-errors.js';
import type { UploadedFile } from './message-input.js';
import type { Messages } from './messages.js';
import { makeUser, type Json, type MessageData, type UserData } from './shapes.js';
import type { Application, Channel, World } from './world.js';

export interface Webhook {
  readonly id: string;
  readonly token: string;
  readonly channel: Channel;
  readonly application: Application;
  name: string;
}

const MAX_IN_CHANNEL = 15;
const FORBIDDEN = /clyde|discord/i;

export class Webhooks {
  readonly #all = new Map<string, Webhook>();

  constructor(
    private readonly world: World,
    private readonly messages: Messages,
  ) {}

  /** @throws DiscordError 30007, 50035 */
  create(application: Application, channel: Channel, body: Fields): Webhook {
    if (this.inChannel(channel).length >= MAX_IN_CHANNEL) throw refusal('tooManyWebhooks');
    const name = checkedName(body);
    const token = randomBytes(51).toString('base64url');
    const webhook = { id: this.world.nextId(), token, channel, application, name };
    this.#all.set(webhook.id, webhook);
    this.#changed(channel);
    return webhook;
  }

  inChannel(channel: Channel): Webhook[] {
    return [...this.#all.values()].filter((one) => one.channel === channel);
  }

  /** @throws DiscordError 10015 */
  find(id: string): Webhook {
    const webhook = this.#all.get(id);
    if (webhook === undefined) throw refusal('unknownWebhook');
    return webhook;
  }

  /** @throws DiscordError 10015; 50027 for another token */
  withToken(id: string, token: string): Webhook {
    const webhook = this.find(id);
    const [given, own] = [Buffer.from(token), Buffer.from(webhook.token)];
    if (given.length === own.length && timingSafeEqual(given, own)) return webhook;
    throw refusal('invalidWebhookToken');
  }

  rename(webhook: Webhook, body: Fields): Webhook {
    if ('name' in body) webhook.name = checkedName(body);
    this.#changed(webhook.channel);
    return webhook;
  }

  delete(webhook: Webhook): void {
    this.#all.delete(webhook.id);
    this.#changed(webhook.channel);
  }

  /** @throws DiscordError 50006, 50035 */
  post(webhook: Webhook, body: Fields, files: readonly UploadedFile[]): MessageData {
    const author = this.#author(webhook, text(body, 'username'));
    const extra = { webhook_id: webhook.id };
    return this.messages.send(webhook.channel, { author, body, files, extra });
  }

  /** @throws DiscordError 10008: a webhook sees only its own messages */
  message(webhook: Webhook, id: string): MessageData {
    const message = this.messages.find(webhook.channel, id);
    if (message.webhook_id !== webhook.id) throw refusal('unknownMessage');
    return message;
  }

  /** @param user the bot that made it; null for a caller without a bot token */
  payload({ id, token, channel, application, name }: Webhook, user: UserData | null): Json {
    return {
      ...{ id, type: 1, name, avatar: null, channel_id: channel.data.id, token },
      ...{ guild_id: channel.guild?.id ?? null, application_id: application.id },
      ...{ url: `https://discord.invalid/api/webhooks/${id}/${token}` },
      ...(user === null ? {} : { user }),
    };
  }

  #author({ id, name }: Webhook, shown: string | null): UserData {
    return { ...makeUser(id, shown ?? name, true), global_name: null };
  }

  #changed(channel: Channel): void {
    const { guild } = channel;
    if (guild === null) return;
    const data = { guild_id: guild.id, channel_id: channel.data.id };
    this.world.emit({ type: 'WEBHOOKS_UPDATE', data, guildId: guild.id });
  }
}

function checkedName(body: Fields): string {
  const name = text(body, 'name');
  if (name === null) throw invalidForm(['name'], 'BASE_TYPE_REQUIRED', 'This field is required');
  if (name.length > 80) {
    throw invalidForm(['name'], 'BASE_TYPE_BAD_LENGTH', 'Must be between 1 and 80 in length.');
  }
  const forbidden = FORBIDDEN.exec(name)?.[0];
  if (forbidden === undefined) return name;
  const message = `Username cannot contain "${forbidden.toLowerCase()}"`;
  throw invalidForm(['name'], 'USERNAME_INVALID_CONTAINS', message);
}
