/** Interactions: delivered to a bot, answered by a callback within 3 seconds, then by follow-ups. */
import { randomBytes } from 'node:crypto';
import { object, type Fields } from '../../../discord/fields.js';
import { invalidForm, refusal } from '../../../discord/rest-errors.js';
import type { Guild } from './guild.js';
import type { UploadedFile } from './message-input.js';
import type { Messages } from './messages.js';
import { ALL_PERMISSIONS, FLAG, type Json, type MessageData, type UserData } from './shapes.js';
import type { Application, Channel, World } from './world.js';

export const INTERACTION = { command: 2, component: 3, autocomplete: 4, modal: 5 } as const;
const CALLBACK = {
  pong: 1,
  message: 4,
  deferred: 5,
  deferredUpdate: 6,
  update: 7,
  choices: 8,
  modal: 9,
} as const;

/** https://discord.com/developers/docs/interactions/receiving-and-responding#followup-messages */
const TOKEN_LIVES_MS = 15 * 60_000;

export interface Interaction {
  readonly id: string;
  readonly token: string;
  readonly type: number;
  readonly application: Application;
  readonly guild: Guild;
  readonly channel: Channel;
  readonly user: UserData;
  readonly name: string;
  readonly createdAt: number;
  /** The message whose component was used. */
  readonly source: MessageData | null;
  state: 'waiting' | 'deferred' | 'answered' | 'unanswered';
  original: MessageData | null;
  /** Resolves at the answer, or when the time for it is over. */
  readonly settled: Promise<void>;
  readonly settle: () => void;
}

export interface Started {
  readonly application: Application;
  readonly guild: Guild;
  readonly channel: Channel;
  readonly user: UserData;
  readonly type: number;
  readonly name: string;
  readonly data: Json;
  readonly source?: MessageData;
}

export interface Callback {
  readonly interaction: Interaction;
  readonly type: number;
  readonly message: MessageData | null;
}

export class Interactions {
  readonly #byToken = new Map<string, Interaction>();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(
    private readonly world: World,
    private readonly messages: Messages,
    private readonly options: { readonly answerWithinMs: number },
  ) {}

  /** Delivers an interaction to the application's sessions. */
  start(started: Started): Interaction {
    const { application, guild, channel, user, type, name, source = null } = started;
    this.#forgetOld();
    const id = this.world.nextId();
    const token = interactionToken(id);
    let settle = (): void => undefined;
    const settled = new Promise<void>((resolve) => (settle = resolve));
    const interaction: Interaction = {
      ...{ id, token, type, application, guild, channel, user, name, source },
      ...{ createdAt: this.world.now(), state: 'waiting', original: null, settled, settle },
    };
    this.#byToken.set(token, interaction);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (interaction.state !== 'waiting') return;
      interaction.state = 'unanswered';
      settle();
    }, this.options.answerWithinMs);
    this.#timers.add(timer);
    this.world.emit({
      ...{ type: 'INTERACTION_CREATE', data: payloadOf(interaction, started.data) },
      ...{ guildId: guild.id, applicationId: application.id },
    });
    return interaction;
  }

  /** @throws DiscordError 10062 for an unknown or late interaction, 40060 for a second answer */
  answer(id: string, token: string, body: Fields, files: readonly UploadedFile[]): Callback {
    const interaction = this.#byToken.get(token);
    if (interaction === undefined || interaction.id !== id || interaction.state === 'unanswered') {
      throw refusal('unknownInteraction');
    }
    if (interaction.state !== 'waiting') throw refusal('alreadyAcknowledged');
    const type = Number(body.type);
    if (!isAnswer(interaction, type)) {
      throw invalidForm(['type'], 'BASE_TYPE_CHOICES', 'Value is not one of the allowed choices.');
    }
    const message = this.#apply(interaction, type, object(body, 'data'), files);
    interaction.original = message;
    interaction.state = type === CALLBACK.deferred ? 'deferred' : 'answered';
    if (interaction.state === 'answered') interaction.settle();
    return { interaction, type, message };
  }

  /** The interaction behind a follow-up's address; undefined if the token belongs to none. */
  forFollowUp(applicationId: string, token: string): Interaction | undefined {
    const interaction = this.#byToken.get(token);
    if (interaction?.application.id !== applicationId) return undefined;
    if (this.world.now() - interaction.createdAt > TOKEN_LIVES_MS) {
      throw refusal('invalidWebhookToken');
    }
    // Before the callback there is nothing to follow.
    const isOpen = interaction.state === 'deferred' || interaction.state === 'answered';
    if (!isOpen) throw refusal('unknownWebhook');
    return interaction;
  }

  /** The first follow-up of a deferred answer becomes that answer, as on Discord. */
  followUp(interaction: Interaction, body: Fields, files: readonly UploadedFile[]): MessageData {
    const { application, channel, original } = interaction;
    if (interaction.state === 'deferred' && original !== null) {
      return this.edit(interaction, original, body, files);
    }
    const extra = { ...this.#fields(interaction), type: 0 };
    const sent = { author: application.user, body, files, extra, applicationId: application.id };
    return this.messages.send(channel, sent);
  }

  /** @param id of a message, or `@original`. @throws DiscordError 10008 */
  message(interaction: Interaction, id: string): MessageData {
    const { channel, original, application } = interaction;
    const wanted = id === '@original' ? original?.id : id;
    const found = wanted === undefined ? undefined : channel.messages.get(wanted);
    if (found === undefined) throw refusal('unknownMessage');
    if (found !== original && found.webhook_id !== application.id) throw refusal('unknownMessage');
    return found;
  }

  edit(
    interaction: Interaction,
    message: MessageData,
    body: Fields,
    files: readonly UploadedFile[],
  ): MessageData {
    const applicationId = interaction.application.id;
    const change = { body, files, applicationId };
    const edited = this.messages.edit(interaction.channel, message, change);
    if (interaction.state === 'deferred' && message === interaction.original) {
      interaction.state = 'answered';
      interaction.settle();
    }
    return edited;
  }

  delete(interaction: Interaction, message: MessageData): void {
    this.messages.delete(interaction.channel, message, interaction.application.id);
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #apply(
    interaction: Interaction,
    type: number,
    data: Fields,
    files: readonly UploadedFile[],
  ): MessageData | null {
    const { application, channel, source } = interaction;
    const applicationId = application.id;
    if (type === CALLBACK.message || type === CALLBACK.deferred) {
      const asked = typeof data.flags === 'number' ? data.flags & FLAG.ephemeral : 0;
      const flags = asked | (type === CALLBACK.deferred ? FLAG.loading : 0);
      const extra = { ...this.#fields(interaction), flags };
      const body = type === CALLBACK.deferred ? {} : data;
      return this.messages.send(channel, {
        ...{ author: application.user, body, files, extra, applicationId },
      });
    }
    if (type === CALLBACK.update && source !== null)
      return this.messages.edit(channel, source, { body: data, files, applicationId });
    return type === CALLBACK.deferredUpdate ? source : null;
  }

  /** Fields of a message that answers an interaction. */
  #fields({ id, type, user, name, application, guild }: Interaction): Json {
    const owners = { '0': guild.id };
    return {
      type: type === INTERACTION.command ? 20 : 0,
      ...{ application_id: application.id, webhook_id: application.id },
      interaction_metadata: { id, type, user, authorizing_integration_owners: owners },
      ...(type === INTERACTION.command ? { interaction: { id, type, name, user } } : {}),
    };
  }

  #forgetOld(): void {
    const oldest = this.world.now() - 2 * TOKEN_LIVES_MS;
    for (const [token, { createdAt }] of this.#byToken) {
      if (createdAt >= oldest) return;
      this.#byToken.delete(token);
    }
  }
}

function isAnswer({ type, source }: Interaction, answer: number): boolean {
  const { pong, message, deferred, deferredUpdate, update, choices, modal } = CALLBACK;
  if (type === INTERACTION.autocomplete) return answer === choices;
  if (answer === deferredUpdate || answer === update) return source !== null;
  if (answer === modal) return type !== INTERACTION.modal;
  return ([pong, message, deferred] as number[]).includes(answer);
}

function payloadOf(interaction: Interaction, data: Json): Json {
  const { id, token, type, application, guild, channel, user, source } = interaction;
  const member = guild.members.get(user.id);
  return {
    ...{ id, application_id: application.id, type, token, version: 1, data },
    ...{ locale: 'en-US', guild_locale: 'en-US', context: 0, entitlements: [] },
    ...{ app_permissions: ALL_PERMISSIONS, attachment_size_limit: 10_485_760 },
    authorizing_integration_owners: { '0': guild.id },
    channel: { ...channel.data, permissions: ALL_PERMISSIONS },
    channel_id: channel.data.id,
    guild: { id: guild.id, locale: 'en-US', features: [] },
    guild_id: guild.id,
    member: { ...member, user, permissions: ALL_PERMISSIONS },
    ...(source === null ? {} : { message: { ...source } }),
  };
}

/** In Discord's form: base64 of a kind, an id and a secret. */
function interactionToken(id: string): string {
  const secret = randomBytes(24).toString('base64url');
  return Buffer.from(`interaction:${id}:${secret}`).toString('base64url');
}
