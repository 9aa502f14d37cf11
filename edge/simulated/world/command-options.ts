/** What a person typed behind a command, as the data of an interaction. */
import { invalidForm } from '../../../discord/rest-errors.js';
import { OPTION, type CommandData, type OptionData } from './commands.js';
import type { Guild } from './guild.js';
import { ALL_PERMISSIONS, type Json } from './shapes.js';
import type { World } from './world.js';

/** @throws Error with a text for the person: an unknown option, a value of another type */
export function commandData(
  world: World,
  guild: Guild,
  command: CommandData,
  typed: { readonly path: readonly string[]; readonly options: Readonly<Record<string, string>> },
): Json {
  const { id, name, type } = command;
  const resolved = new Resolved(world, guild);
  const options = optionsOf(command.options ?? [], typed.path, typed.options, resolved);
  return {
    ...{ id, name, type },
    ...(options.length === 0 ? {} : { options }),
    ...resolved.fields(),
    ...(command.guild_id === undefined ? {} : { guild_id: command.guild_id }),
  };
}

function optionsOf(
  known: readonly OptionData[],
  [step, ...path]: readonly string[],
  typed: Readonly<Record<string, string>>,
  resolved: Resolved,
): Json[] {
  const nested = known.filter(({ type }) => type === OPTION.subcommand || type === OPTION.group);
  if (nested.length > 0) {
    const option = nested.find(({ name }) => name === step);
    const names = nested.map(({ name }) => name).join(', ');
    if (option === undefined) throw wrong(`one of its subcommands is needed: ${names}`);
    const options = optionsOf(option.options ?? [], path, typed, resolved);
    return [{ name: option.name, type: option.type, options }];
  }
  if (step !== undefined) throw wrong(`there is no subcommand ${step}`);
  const unknown = Object.keys(typed).find((name) => known.every((one) => one.name !== name));
  if (unknown !== undefined) throw wrong(`there is no option ${unknown}`);
  const missing = known.find((one) => one.required === true && !Object.hasOwn(typed, one.name));
  if (missing !== undefined) throw wrong(`the option ${missing.name} is required`);
  return known
    .filter(({ name }) => Object.hasOwn(typed, name))
    .map(({ name, type }) => {
      const value = valueOf(type, name, typed[name] ?? '', resolved);
      return { name, type, value };
    });
}

function valueOf(
  type: number,
  name: string,
  typed: string,
  resolved: Resolved,
): string | number | boolean {
  switch (type) {
    case OPTION.string:
      return typed;
    case OPTION.integer:
    case OPTION.number:
      return numberOf(type, name, typed);
    case OPTION.boolean:
      if (typed === 'true' || typed === 'false') return typed === 'true';
      throw wrong(`the option ${name} is true or false`);
    case OPTION.user:
    case OPTION.channel:
    case OPTION.role:
    case OPTION.mentionable:
      if (resolved.add(type, typed)) return typed;
      throw wrong(`the option ${name} is an id of this guild; ${typed} is none`);
    default:
      throw wrong(`the option ${name} cannot be given here`);
  }
}

function numberOf(type: number, name: string, typed: string): number {
  const value = Number(typed);
  const fits = type === OPTION.integer ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (fits && typed.trim() !== '') return value;
  throw wrong(`the option ${name} is a number`);
}

/** The person's mistake, in the shape of Discord's refusals. */
const wrong = (message: string): Error =>
  invalidForm(['options'], 'INVALID_OPTIONS', `This command was used wrongly: ${message}.`);

/** The objects behind the ids in the options. */
class Resolved {
  readonly #users: Json = {};
  readonly #members: Json = {};
  readonly #roles: Json = {};
  readonly #channels: Json = {};

  constructor(
    private readonly world: World,
    private readonly guild: Guild,
  ) {}

  /** False: no such object in the guild. */
  add(type: number, id: string): boolean {
    const { user, role, channel, mentionable } = OPTION;
    if (type === channel) return this.#addChannel(id);
    if (type === role || (type === mentionable && this.guild.roles.has(id)))
      return this.#addRole(id);
    return (type === user || type === mentionable) && this.#addUser(id);
  }

  fields(): Json {
    const all = {
      ...{ users: this.#users, members: this.#members },
      ...{ roles: this.#roles, channels: this.#channels },
    };
    const some = Object.entries(all).filter(([, found]) => Object.keys(found).length > 0);
    return some.length === 0 ? {} : { resolved: Object.fromEntries(some) };
  }

  #addUser(id: string): boolean {
    const user = this.world.users.get(id);
    if (user === undefined) return false;
    this.#users[id] = user;
    const member = this.guild.members.get(id);
    if (member !== undefined) {
      const { user: _, ...rest } = member;
      this.#members[id] = { ...rest, permissions: ALL_PERMISSIONS };
    }
    return true;
  }

  #addRole(id: string): boolean {
    const role = this.guild.roles.get(id);
    if (role !== undefined) this.#roles[id] = role;
    return role !== undefined;
  }

  #addChannel(id: string): boolean {
    const channel = this.guild.channels.get(id);
    if (channel === undefined) return false;
    const { name, type, parent_id } = channel.data;
    this.#channels[id] = { id, name, type, parent_id, permissions: ALL_PERMISSIONS };
    return true;
  }
}
