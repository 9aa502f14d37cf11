/** All sessions of the gateway: which of them receives an event, and in which form. */
import { randomBytes } from 'node:crypto';
import { shardOf } from '../../../discord/gateway.js';
import { INTENT, isIntended } from '../../../discord/intents.js';
import type { Guild } from '../world/guild.js';
import type { Json, MessageData, UserData } from '../world/shapes.js';
import type { Application, World, WorldEvent } from '../world/world.js';
import { Session, type SessionLimits } from './session.js';

export interface SessionsOptions extends SessionLimits {
  /** How long a session without a connection can be resumed. */
  readonly resumableMs: number;
}

export class Sessions {
  readonly #all = new Map<string, Session>();
  readonly #expiries = new Map<Session, NodeJS.Timeout>();

  constructor(
    private readonly world: World,
    private readonly options: SessionsOptions,
  ) {
    world.onEvent((event) => this.#deliver(event));
  }

  /** The open sessions of an application. */
  list(application: Application): Session[] {
    return [...this.#all.values()].filter((one) => one.application === application);
  }

  begin(application: Application, intents: number, shard: readonly [number, number]): Session {
    const id = randomBytes(16).toString('hex');
    const session = new Session(id, application, intents, shard, this.options);
    this.#all.set(id, session);
    return session;
  }

  find(id: string, application: Application): Session | undefined {
    const session = this.#all.get(id);
    return session?.application === application ? session : undefined;
  }

  /** The client is gone without a goodbye: the session waits for its RESUME. */
  expectResume(session: Session): void {
    const timer = setTimeout(() => this.end(session), this.options.resumableMs);
    this.#expiries.set(session, timer.unref());
  }

  resumed(session: Session): void {
    clearTimeout(this.#expiries.get(session));
    this.#expiries.delete(session);
  }

  end(session: Session): void {
    this.resumed(session);
    this.#all.delete(session.id);
    session.end();
  }

  close(): void {
    for (const session of [...this.#all.values()]) this.end(session);
  }

  /** The GUILD_CREATE of each guild of the session's shard, right behind READY. */
  sendGuilds(session: Session): void {
    if (!isIntended(session.intents, 'GUILD_CREATE', false)) return;
    for (const guild of this.guildsOf(session)) sendGuild(session, guild);
  }

  guildsOf({ application, shard: [index, count] }: Session): Guild[] {
    return this.world.guildsOf(application).filter(({ id }) => shardOf(id, count) === index);
  }

  #deliver(event: WorldEvent): void {
    const texts = new Texts(event);
    for (const session of this.#all.values()) {
      if (!this.#concerns(event, session)) continue;
      const guild = this.world.guilds.get(event.guildId ?? '');
      if (event.type === 'GUILD_CREATE' && guild !== undefined) sendGuild(session, guild);
      else session.dispatch(event.type, texts.for(session));
    }
  }

  #concerns(event: WorldEvent, { application, intents, shard }: Session): boolean {
    const { type, guildId, applicationId, userId } = event;
    const [index, count] = shard;
    if (applicationId !== undefined && applicationId !== application.id) return false;
    // Direct messages belong to shard 0.
    if ((guildId === null ? 0 : shardOf(guildId, count)) !== index) return false;
    const guild = guildId === null ? undefined : this.world.guilds.get(guildId);
    const isThere = guild?.members.has(application.id) === true;
    if (applicationId === undefined && !isThere) return false;
    const isOwn = type === 'GUILD_MEMBER_UPDATE' && userId === application.id;
    return isOwn || isIntended(intents, type, guildId === null);
  }
}

/** GUILD_CREATE differs with the session: it names the bot's own member. */
function sendGuild(session: Session, guild: Guild): void {
  const data = guild.createdFor(session.application.id, session.intents);
  session.dispatch('GUILD_CREATE', JSON.stringify(data));
}

/** An event's `d` as text, encoded once for each form. */
class Texts {
  #whole: string | undefined;

  constructor(private readonly event: WorldEvent) {}

  for(session: Session): string {
    if (!this.#isContentHidden(session)) return (this.#whole ??= JSON.stringify(this.event.data));
    return JSON.stringify(withoutContent(this.event.data));
  }

  /** https://discord.com/developers/docs/events/gateway#message-content-intent */
  #isContentHidden({ application, intents }: Session): boolean {
    const { type, guildId, data } = this.event;
    if ((intents & INTENT.messageContent) !== 0 || guildId === null) return false;
    if (type !== 'MESSAGE_CREATE' && type !== 'MESSAGE_UPDATE') return false;
    const { author, mentions } = data as MessageData & { mentions?: readonly UserData[] };
    const isMentioned = mentions?.some(({ id }) => id === application.id) === true;
    return author.id !== application.id && !isMentioned;
  }
}

function withoutContent(data: Json): Json {
  const { poll: _, ...rest } = data;
  const hidden = { content: '', embeds: [], attachments: [], components: [] };
  const { referenced_message: quoted } = rest as { referenced_message?: Json | null };
  return {
    ...rest,
    ...hidden,
    ...(quoted == null ? {} : { referenced_message: withoutContent(quoted) }),
  };
}
