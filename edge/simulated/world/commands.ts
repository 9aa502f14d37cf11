/** Application commands: global ones, and those of one guild. */
import { list, objects, text, type Fields } from '../../../discord/fields.js';
import { invalidForm, refusal } from '../../../discord/rest-errors.js';
import type { Json } from './shapes.js';
import type { Application, World } from './world.js';

export interface CommandData extends Json {
  readonly id: string;
  readonly application_id: string;
  readonly guild_id?: string;
  readonly name: string;
  readonly type: number;
  readonly options?: readonly OptionData[];
}

export interface OptionData extends Json {
  readonly type: number;
  readonly name: string;
  readonly required?: boolean;
  readonly options?: readonly OptionData[];
}

export const OPTION = {
  subcommand: 1,
  group: 2,
  string: 3,
  integer: 4,
  boolean: 5,
  user: 6,
  channel: 7,
  role: 8,
  mentionable: 9,
  number: 10,
  attachment: 11,
} as const;

const CHAT_INPUT = 1;
const LIMITS: Readonly<Record<number, number>> = { [CHAT_INPUT]: 100, 2: 15, 3: 15, 4: 1 };
const MAX_OPTIONS = 25;
const MAX_DESCRIPTION = 100;
/** https://discord.com/developers/docs/interactions/application-commands#application-command-object */
const NAME = /^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$/u;

export interface Upserted {
  readonly command: CommandData;
  /** False: a command of that name and type existed, and was replaced. */
  readonly isNew: boolean;
}

export class Commands {
  readonly #all = new Map<string, CommandData>();

  constructor(private readonly world: World) {}

  /** @param guildId null for the global ones */
  of(application: Application, guildId: string | null): CommandData[] {
    return [...this.#all.values()].filter((one) => isIn(one, application.id, guildId));
  }

  /** @throws DiscordError 10063 */
  find(application: Application, guildId: string | null, id: string): CommandData {
    const command = this.#all.get(id);
    if (command === undefined || !isIn(command, application.id, guildId)) {
      throw refusal('unknownCommand');
    }
    return command;
  }

  /** The command that a person in the guild would use; the guild's own wins. */
  named(guildId: string, name: string): CommandData | undefined {
    const usable = [...this.#all.values()].filter(
      (command) => command.name === name && command.type === CHAT_INPUT,
    );
    const guild = this.world.guilds.get(guildId);
    return (
      usable.find((command) => command.guild_id === guildId) ??
      usable.find(
        (command) =>
          command.guild_id === undefined && guild?.members.has(command.application_id) === true,
      )
    );
  }

  /** @throws DiscordError 50035, 30032 */
  upsert(application: Application, guildId: string | null, body: Fields): Upserted {
    const checked = checkedCommand(body, []);
    const own = this.of(application, guildId);
    const same = own.find(({ name, type }) => name === checked.name && type === checked.type);
    const ofType = own.filter(({ type }) => type === checked.type).length;
    if (same === undefined && ofType >= (LIMITS[checked.type] ?? 0)) {
      throw refusal('tooManyCommands');
    }
    const command = this.#made(application, guildId, checked, same?.id);
    this.#all.set(command.id, command);
    return { command, isNew: same === undefined };
  }

  /** Replaces all. A command that keeps its name and type keeps its id. */
  replaceAll(
    application: Application,
    guildId: string | null,
    bodies: readonly Fields[],
  ): CommandData[] {
    const checked = bodies.map((body, index) => checkedCommand(body, [String(index)]));
    const names = new Set(checked.map(({ name, type }) => `${type} ${name}`));
    if (names.size < checked.length) {
      const message = 'Application command names must be unique';
      throw invalidForm(['name'], 'APPLICATION_COMMANDS_DUPLICATE_NAME', message);
    }
    for (const [type, limit] of Object.entries(LIMITS)) {
      if (checked.filter((one) => one.type === Number(type)).length > limit)
        throw refusal('tooManyCommands');
    }
    const old = this.of(application, guildId);
    for (const { id } of old) this.#all.delete(id);
    return checked.map((one) => {
      const same = old.find(({ name, type }) => name === one.name && type === one.type);
      const command = this.#made(application, guildId, one, same?.id);
      this.#all.set(command.id, command);
      return command;
    });
  }

  /** @throws DiscordError 10063, 50035 */
  edit(application: Application, guildId: string | null, id: string, body: Fields): CommandData {
    const old = this.find(application, guildId, id);
    const checked = checkedCommand({ ...old, ...body, type: old.type }, []);
    const command = this.#made(application, guildId, checked, id);
    this.#all.set(id, command);
    return command;
  }

  /** @throws DiscordError 10063 */
  delete(application: Application, guildId: string | null, id: string): void {
    this.#all.delete(this.find(application, guildId, id).id);
  }

  #made(
    application: Application,
    guildId: string | null,
    checked: Checked,
    id = this.world.nextId(),
  ): CommandData {
    return {
      ...{ id, application_id: application.id, version: this.world.nextId() },
      ...{ default_member_permissions: null, dm_permission: true, nsfw: false },
      ...{ contexts: null, integration_types: [0], name_localizations: null },
      ...{ description_localizations: null },
      ...checked,
      ...(guildId === null ? {} : { guild_id: guildId }),
    };
  }
}

const isIn = (command: CommandData, applicationId: string, guildId: string | null): boolean =>
  command.application_id === applicationId && (command.guild_id ?? null) === guildId;

interface Checked extends Json {
  readonly name: string;
  readonly type: number;
}

/** Fields that a bot decides. */
const GIVEN = [
  ...['default_member_permissions', 'dm_permission', 'nsfw', 'contexts', 'integration_types'],
  ...['name_localizations', 'description_localizations', 'handler'],
];

function checkedCommand(body: Fields, path: readonly string[]): Checked {
  const type = typeof body.type === 'number' ? body.type : CHAT_INPUT;
  if (LIMITS[type] === undefined) throw wrongChoice([...path, 'type']);
  const name = checkedName(body, path, type === CHAT_INPUT);
  const description = type === CHAT_INPUT ? checkedDescription(body, path) : '';
  const options = type === CHAT_INPUT ? checkedOptions(body, path) : [];
  const given = GIVEN.filter((field) => body[field] !== undefined);
  return {
    ...Object.fromEntries(given.map((field) => [field, body[field]])),
    ...{ name, type, description },
    ...(options.length === 0 ? {} : { options }),
  };
}

function checkedName(body: Fields, path: readonly string[], isStrict: boolean): string {
  const name = text(body, 'name');
  if (name === null) throw required([...path, 'name']);
  const fits = isStrict ? NAME.test(name) && name === name.toLowerCase() : name.length <= 32;
  if (fits) return name;
  const message = 'Command name is invalid';
  throw invalidForm([...path, 'name'], 'APPLICATION_COMMAND_INVALID_NAME', message);
}

function checkedDescription(body: Fields, path: readonly string[]): string {
  const description = text(body, 'description');
  if (description === null) throw required([...path, 'description']);
  if (description.length <= MAX_DESCRIPTION) return description;
  const message = `Must be between 1 and ${MAX_DESCRIPTION} in length.`;
  throw invalidForm([...path, 'description'], 'BASE_TYPE_BAD_LENGTH', message);
}

function checkedOptions(body: Fields, path: readonly string[]): OptionData[] {
  if (list(body, 'options').length > MAX_OPTIONS) {
    const message = `Must be ${MAX_OPTIONS} or fewer in length.`;
    throw invalidForm([...path, 'options'], 'BASE_TYPE_MAX_LENGTH', message);
  }
  const options = objects(body, 'options').map((option, index) => {
    const at = [...path, 'options', String(index)];
    const type = Number(option.type);
    if (!Number.isInteger(type) || type < OPTION.subcommand || type > OPTION.attachment)
      throw wrongChoice([...at, 'type']);
    const name = checkedName(option, at, true);
    const description = checkedDescription(option, at);
    const nested = checkedOptions(option, at);
    return {
      ...option,
      ...{ type, name, description },
      ...(nested.length === 0 ? {} : { options: nested }),
    };
  });
  const late = options.findIndex(
    ({ required: isRequired }: OptionData, index) =>
      isRequired === true && index > 0 && (options[index - 1] as OptionData).required !== true,
  );
  if (late < 0) return options;
  const message = 'Required options must be placed before non-required options';
  const at = [...path, 'options', String(late)];
  throw invalidForm(at, 'APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID', message);
}

const required = (path: readonly string[]): Error =>
  invalidForm(path, 'BASE_TYPE_REQUIRED', 'This field is required');
const wrongChoice = (path: readonly string[]): Error =>
  invalidForm(path, 'BASE_TYPE_CHOICES', 'Value is not one of the allowed choices.');
