/** The shape of a command. Each command is one file; parsing, help and documentation read it. */
import type { Config } from '../platform/config.js';
import type { Control } from '../domain/control.js';
import type { Io } from './io.js';

export interface OptionSpec {
  /** In cac's syntax: `--ttl <duration>`, `--json`, `--wait`. */
  readonly flags: string;
  readonly description: string;
  /** The option may be repeated. */
  readonly repeats?: boolean;
  /** All valid values, if they are known. Help shows them, the shell completes them. */
  readonly values?: readonly string[];
  /** The default, in words. */
  readonly default?: string;
}

/** The option's name without dashes: `ttl` for `--ttl <duration>`. */
export const optionName = ({ flags }: OptionSpec): string => /--([a-z-]+)/.exec(flags)?.[1] ?? '';
export const takesValue = ({ flags }: OptionSpec): boolean => flags.includes('<');

/** An option's text in help and reference: description, values, default. */
export function describeOption({ description, values, default: value }: OptionSpec): string {
  const known = values === undefined ? '' : `: ${values.join(', ')}`;
  return `${description}${known}${value === undefined ? '' : ` (default ${value})`}`;
}

/** The input exactly as typed. No value becomes a number. */
export class Input {
  constructor(
    readonly args: readonly string[],
    private readonly options: Readonly<Record<string, readonly (string | boolean)[]>>,
    /** The words after `--`, or the command line of another program (`Command.rest`). */
    readonly rest: readonly string[],
  ) {}

  text(name: string): string | undefined {
    const last = this.options[name]?.at(-1);
    return typeof last === 'string' ? last : undefined;
  }

  texts(name: string): string[] {
    return (this.options[name] ?? []).filter((value) => typeof value === 'string');
  }

  /** `--name` is true; `--no-name` and `--name=false` are false; absent is `fallback`. */
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
  /** All valid values of the argument, if they are known. The shell completes them. */
  readonly argValues?: readonly string[];
  /**
   * The command line of another program, such as `-- command…`. It begins after the command's own
   * arguments or after `--`. Absent: the words after `--` are arguments.
   */
  readonly rest?: string;
  readonly summary: string;
  readonly options?: readonly OptionSpec[];
  readonly examples?: readonly string[];
  /** The exit code; void is 0. */
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
