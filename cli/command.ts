/** What a command is: one file each, from which parsing, help and documentation are made. */
import type { Config } from '../platform/config.js';
import type { Control } from '../control/control.js';
import type { Io } from './io.js';

export interface OptionSpec {
  /** As cac takes it: `--ttl <duration>`, `--json`, `--wait`. */
  readonly flags: string;
  readonly description: string;
  /** May be given more than once. */
  readonly repeats?: boolean;
}

/** Values exactly as typed: never turned into numbers. */
export class Input {
  constructor(
    readonly args: readonly string[],
    private readonly options: Readonly<Record<string, readonly (string | boolean)[]>>,
    /** What stood behind `--`. */
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
  /** What stands behind `--`, such as `-- command…`. Absent: more arguments. */
  readonly rest?: string;
  readonly summary: string;
  readonly options?: readonly OptionSpec[];
  readonly examples?: readonly string[];
  /** The exit code; nothing means 0. */
  run(context: CommandContext): Promise<number | void>;
}

export const JSON_OPTION: OptionSpec = { flags: '--json', description: 'Print JSON' };
