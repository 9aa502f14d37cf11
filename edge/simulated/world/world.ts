/** What simulated Discord holds: applications, users, guilds, channels. It lives in memory. */
import { createHmac } from 'node:crypto';
import { refusal } from '../../../discord/rest-errors.js';
import { PRIVILEGED_INTENTS } from '../../../discord/intents.js';
import { Snowflakes } from '../../../discord/snowflake.js';
import { Guild } from './guild.js';
import {
  CHANNEL,
  instant,
  makeUser,
  type ChannelData,
  type Json,
  type MessageData,
  type UserData,
} from './shapes.js';

export interface Application {
  readonly id: string;
  readonly name: string;
  /** Of the bot, whose user has the application's id. */
  readonly token: string;
  readonly user: UserData;
  /** The privileged intents that are switched on. */
  readonly privilegedIntents: number;
}

export interface Channel {
  readonly data: ChannelData;
  /** Null for a direct message. */
  readonly guild: Guild | null;
  /** The oldest first. */
  readonly messages: Map<string, MessageData>;
  readonly pinned: Set<string>;
}

/** An event that the gateway sends to the sessions of each application concerned. */
export interface WorldEvent {
  readonly type: string;
  readonly data: Json;
  /** Null for a direct message, or an event of the application itself. */
  readonly guildId: string | null;
  /** Only this application; otherwise every application in the guild. */
  readonly applicationId?: string;
  /** The event is about this user: its own bot receives it without the intent for members. */
  readonly userId?: string;
}

export interface WorldOptions {
  readonly now: () => number;
  readonly random: () => number;
  /** Bot tokens are derived from it, so a restart keeps them. */
  readonly secret: string;
}

export class World {
  readonly applications = new Map<string, Application>();
  readonly users = new Map<string, UserData>();
  readonly guilds = new Map<string, Guild>();
  readonly channels = new Map<string, Channel>();
  readonly now: () => number;
  readonly random: () => number;
  readonly #ids: Snowflakes;
  readonly #byToken = new Map<string, Application>();
  #listener: (event: WorldEvent) => void = () => undefined;

  constructor(private readonly options: WorldOptions) {
    this.now = options.now;
    this.random = options.random;
    this.#ids = new Snowflakes(options.now, options.random);
  }

  onEvent(listener: (event: WorldEvent) => void): void {
    this.#listener = listener;
  }

  emit(event: WorldEvent): void {
    this.#listener(event);
  }

  nextId(): string {
    return this.#ids.next();
  }

  instant(): string {
    return instant(this.now());
  }

  addApplication(given: {
    name: string;
    id?: string | undefined;
    privilegedIntents?: number | undefined;
  }): Application {
    const id = given.id ?? this.nextId();
    const user = makeUser(id, `${given.name} (simulated)`, true);
    const { privilegedIntents = PRIVILEGED_INTENTS } = given;
    const token = botToken(id, this.options.secret);
    const application = { id, name: given.name, token, user, privilegedIntents };
    this.applications.set(id, application);
    this.#byToken.set(token, application);
    this.users.set(id, user);
    return application;
  }

  applicationOf(token: string): Application | undefined {
    return this.#byToken.get(token);
  }

  addUser(username: string, id = this.nextId()): UserData {
    const user = makeUser(id, username, false);
    this.users.set(id, user);
    return user;
  }

  /** With a text channel for each name, owned by a person of its own. */
  addGuild(given: {
    name: string;
    id?: string | undefined;
    channels?: readonly { name: string; id?: string | undefined }[] | undefined;
    owner?: UserData | undefined;
  }): Guild {
    const owner = given.owner ?? this.addUser(`owner of ${given.name} (simulated)`);
    const guild = new Guild(given.id ?? this.nextId(), given.name, owner, this.instant());
    this.guilds.set(guild.id, guild);
    for (const { name, id } of given.channels ?? [{ name: 'general' }])
      this.addChannel(guild, name, CHANNEL.text, id);
    return guild;
  }

  addChannel(guild: Guild, name: string, type: number, id = this.nextId()): Channel {
    const channel = guild.addChannel(id, name, type);
    this.channels.set(channel.data.id, channel);
    return channel;
  }

  /** The direct channel between an application's bot and a user; one for each pair. */
  directChannel(application: Application, user: UserData): Channel {
    for (const channel of this.channels.values()) {
      if (isDirectBetween(channel, application.id, user.id)) return channel;
    }
    const data: ChannelData = {
      ...{ id: this.nextId(), type: CHANNEL.direct, last_message_id: null, flags: 0 },
      ...{ recipients: [user], application_id: application.id },
    };
    const channel = { data, guild: null, messages: new Map(), pinned: new Set<string>() };
    this.channels.set(data.id, channel);
    return channel;
  }

  /** Adds the application's bot to the guild, and tells its sessions. */
  install(application: Application, guild: Guild): void {
    if (guild.members.has(application.id)) return;
    const member = guild.addMember(application.user, this.instant());
    const data = { ...member, guild_id: guild.id };
    this.emit({ type: 'GUILD_MEMBER_ADD', data, guildId: guild.id });
    this.emit({
      ...{ type: 'GUILD_CREATE', data: {}, guildId: guild.id },
      applicationId: application.id,
    });
  }

  /** The bot leaves, or is removed. */
  uninstall(application: Application, guild: Guild): void {
    if (!guild.members.delete(application.id)) return;
    this.emit({
      ...{ type: 'GUILD_DELETE', data: { id: guild.id }, guildId: guild.id },
      applicationId: application.id,
    });
    const data = { guild_id: guild.id, user: application.user };
    this.emit({ type: 'GUILD_MEMBER_REMOVE', data, guildId: guild.id });
  }

  guildsOf(application: Application): Guild[] {
    return [...this.guilds.values()].filter((guild) => guild.members.has(application.id));
  }

  /** @throws DiscordError 10004, also for a guild without this application, as Discord does */
  guildFor(application: Application, guildId: string): Guild {
    const guild = this.guilds.get(guildId);
    if (guild === undefined || !guild.members.has(application.id)) throw refusal('unknownGuild');
    return guild;
  }

  /** @throws DiscordError 10003; 50001 for a channel that the application cannot see */
  channelFor(application: Application, channelId: string): Channel {
    const channel = this.channels.get(channelId);
    if (channel === undefined) throw refusal('unknownChannel');
    const visible = channel.guild?.members.has(application.id);
    if (!(visible ?? channel.data.application_id === application.id)) {
      throw refusal('missingAccess');
    }
    return channel;
  }
}

function isDirectBetween({ data }: Channel, applicationId: string, userId: string): boolean {
  const [recipient] = (data.recipients ?? []) as UserData[];
  return data.application_id === applicationId && recipient?.id === userId;
}

/** Of a bot token's shape: libraries read the application's id out of its first part. */
function botToken(applicationId: string, secret: string): string {
  const first = Buffer.from(applicationId).toString('base64url');
  const digest = createHmac('sha256', secret).update(`simulated:${applicationId}`).digest();
  const text = digest.toString('base64url');
  return `${first}.${text.slice(0, 6)}.${text.slice(5, 43)}`;
}
