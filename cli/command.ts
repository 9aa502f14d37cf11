/** What a command is: one file each, from which parsing, help and documentation are made. */
import type { Config } from '../platform/config.js';
import type { Control } from '../domain/control.js';
import type { Io } from './io.js';

export interface OptionSpec {
  /** As cac takes it: `--ttl <duration>`, `--json`, `--wait`. */
  readonly flags: string;
  readonly description: string;
  /** May be given more than once. */
  readonly repeats?: boolean;
  /** The values that it takes, where they are known: shown in help, and completed. */
  readonly values?: readonly string[];
  /** What holds where it is not given, in words. */
  readonly default?: string;
}

/** `--ttl` of `--ttl <duration>`, without its dashes. */
export const optionName = ({ flags }: OptionSpec): string => /--([a-z-]+)/.exec(flags)?.[1] ?? '';
export const takesValue = ({ flags }: OptionSpec): boolean => flags.includes('<');

/** What help and the reference say of an option: its description, its values, its default. */
export function describeOption({ description, values, default: value }: OptionSpec): string {
  const known = values === undefined ? '' : `: ${values.join(', ')}`;
  return `${description}${known}${value === undefined ? '' : ` (default ${value})`}`;
}

/** Values exactly as typed: never turned into numbers. */
export class Input {
  constructor(
    readonly args: readonly string[],
    private readonly options: Readonly<Record<string, readonly (string | boolean)[]>>,
    /** What stood behind `--`, or the command line of another program (`Command.rest`). */
    readonly rest: readonly string[],
  ) {}

  text(name: string): string | undefined {
    const last = this.options[name]?.at(-1);
    return typeof last === 'string' ? last : undefined;
  }

  texts(name: string): string[] {
    return (this.options[name] ?? []).filter((value) => typeof value === 'string');
  }

  /** True for `--name`; `--no-name`, `--name=false` give false; absent gives `fallback`. */
  flag(name: string, fallback = false): boolean {
    const last = this.options[name]?.at(-1);
    if (last === undefined) return fallback;
    return last === true || last === 'true';
  }
}

export interface CommandContext {
  readonly io: Io;
  readonly input: Input;
  /** Read on first use, so that `--help` works in any environment. */
  readonly config: () => Config;
  /** Opened on first use, closed when the command ends. */
  readonly client: () => Promise<Control>;
}

export interface Command {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** Such as `<sandbox> <guild>` or `[name]`. */
  readonly args: string;
  /** The values of its argument, where they are known: completed. */
  readonly argValues?: readonly string[];
  /**
   * The command line of another program, such as `-- command…`: from the first word after the arguments, or behind `--`.
   * Absent: what stands behind `--` are more arguments.
   */
  readonly rest?: string;
  readonly summary: string;
  readonly options?: readonly OptionSpec[];
  readonly examples?: readonly string[];
  /** The exit code; nothing means 0. */
  run(context: CommandContext): Promise<number | void>;
}

export interface Group {
  /** `bd` or `bd sandbox`. */
  readonly name: string;
  readonly summary: string;
  /** Suggested last: `bd create` means a sandbox, not a token. */
  readonly isRare?: boolean;
  readonly commands: readonly Command[];
}

/** Such as `bd sandbox exec <sandbox> -- command…`. */
export const usageOf = (group: Group, { name, args, rest = '' }: Command): string =>
  [group.name, name, args, rest].filter((part) => part !== '').join(' ');

export const JSON_OPTION: OptionSpec = { flags: '--json', description: 'Print JSON' };

export const DIRECT_OPTION: OptionSpec = {
  flags: '--direct',
  description: 'Speak to the servers themselves, also where SANDBOX_API_URL is set',
};

/** Of commands that speak to `Control`: directly, or over HTTP where SANDBOX_API_URL is set. */
export const eitherWay = (commands: readonly Command[]): readonly Command[] =>
  commands.map((command) => ({
    ...command,
    options: [...(command.options ?? []), DIRECT_OPTION],
  }));
