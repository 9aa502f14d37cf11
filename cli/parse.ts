/**
 * Parses with cac, but hands every value on exactly as it was typed: cac turns `--guild 1234567890123456789` into a rounded
 * number even with `type: [String]`, and `--ttl 007` into 7 (traps.md 56). So each value is marked before it parses and
 * unmarked after.
 */
import { cac, type CAC } from 'cac';
import { Input, type Command } from './command.js';
import { wrapHelp } from './help.js';
import { usage } from './io.js';
import { nearest } from './nearest.js';

const MARK = '\u0001';
const mark = (text: string): string => MARK + text;
const unmark = (text: string): string => text.replaceAll(MARK, '');

function marked(argv: readonly string[]): string[] {
  return argv.map((token) => {
    if (!token.startsWith('-') || token === '-') return mark(token);
    const equals = token.indexOf('=');
    // A flag's own words stay as they are: cac would take any other value of it for an argument.
    if (equals < 0 || /=(true|false)$/.test(token)) return token;
    return `${token.slice(0, equals + 1)}${mark(token.slice(equals + 1))}`;
  });
}

export interface Group {
  /** `bd` or `bd sandbox`. */
  readonly name: string;
  readonly commands: readonly Command[];
}

export function buildCli(group: Group): CAC {
  const cli = cac(group.name);
  for (const command of group.commands) {
    const built = cli.command(`${command.name} ${command.args}`.trim(), command.summary);
    for (const alias of command.aliases ?? []) built.alias(alias);
    for (const { flags, description } of command.options ?? []) built.option(flags, description);
    for (const example of command.examples ?? []) built.example(`  ${example}`);
  }
  cli.help(wrapHelp);
  return cli;
}

export interface Parsed {
  readonly command: Command;
  readonly input: Input;
}

/** @returns null where help was asked for and printed. @throws SANDBOX_008 for anything that is not a known command and options */
export function parse(group: Group, argv: readonly string[]): Parsed | null {
  const [word, ...others] = argv;
  const cli = buildCli(group);
  const asksHelp = (tokens: readonly string[]) =>
    tokens
      .slice(0, tokens.includes('--') ? tokens.indexOf('--') : undefined)
      .some((t) => t === '--help' || t === '-h');
  if (word === undefined || word === '--help' || word === '-h' || word === 'help') {
    cli.parse(['node', group.name, '--help'], { run: false });
    return null;
  }
  const command = group.commands.find(
    ({ name, aliases }) => name === word || aliases?.includes(word),
  );
  if (command === undefined) throw unknownCommand(group, word);
  if (asksHelp(others)) {
    cli.parse(['node', group.name, command.name, '--help'], { run: false });
    return null;
  }
  const separator = others.indexOf('--');
  const own = separator < 0 ? others : others.slice(0, separator);
  const rest = separator < 0 ? [] : others.slice(separator + 1);
  const { args, options } = cli.parse(['node', group.name, command.name, ...marked(own)], {
    run: false,
  });
  refuseUnknownOptions(group, command, options);
  refuseMissingValues(group, command, options);
  const values = args.map((arg) => unmark(arg));
  checkArity(group, command, values);
  return { command, input: new Input(values, valuesOf(options), rest) };
}

const camel = (name: string): string =>
  name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
const dashed = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const optionName = (flags: string): string => camel(/--(?:no-)?([a-z-]+)/.exec(flags)?.[1] ?? '');

function valuesOf(options: Record<string, unknown>): Record<string, (string | boolean)[]> {
  const values: Record<string, (string | boolean)[]> = {};
  for (const [name, value] of Object.entries(options)) {
    if (name === '--') continue;
    const list: unknown[] = Array.isArray(value) ? value : [value];
    values[name] = list.map((item) => (typeof item === 'boolean' ? item : unmark(String(item))));
  }
  return values;
}

function refuseUnknownOptions(
  group: Group,
  command: Command,
  options: Record<string, unknown>,
): void {
  const known = new Set((command.options ?? []).map(({ flags }) => optionName(flags)));
  for (const name of Object.keys(options)) {
    if (name === '--' || known.has(name)) continue;
    const near = nearest(dashed(name).slice(0, 60), [...known].map(dashed));
    throw usage(
      `unknown option ${name.length === 1 ? `-${name}` : `--${dashed(name)}`}`,
      near === null
        ? `\`${group.name} ${command.name} --help\` lists the options.`
        : `Did you mean --${near}?`,
    );
  }
}

function refuseMissingValues(
  group: Group,
  command: Command,
  options: Record<string, unknown>,
): void {
  for (const { flags, repeats = false } of command.options ?? []) {
    const value = options[optionName(flags)];
    if (value === undefined) continue;
    const list: unknown[] = Array.isArray(value) ? value : [value];
    const help = `\`${group.name} ${command.name} --help\` shows its form.`;
    if (flags.includes('<') && list.some((item) => typeof item === 'boolean')) {
      throw usage(`option ${flags} needs a value`, help);
    }
    if (!repeats && list.length > 1) throw usage(`option ${flags} is given more than once`, help);
  }
}

function checkArity(group: Group, command: Command, values: readonly string[]): void {
  const specs = command.args.split(' ').filter((part) => part !== '');
  const required = specs.filter((part) => part.startsWith('<')).length;
  const endless = specs.some((part) => part.includes('...'));
  const help = `Usage: ${group.name} ${command.name} ${command.args}`.trim();
  if (values.length < required) throw usage(`${command.name}: something is missing`, help);
  if (!endless && values.length > specs.length) {
    throw usage(`${command.name}: ${JSON.stringify(values[specs.length])} is too much`, help);
  }
}

function unknownCommand(group: Group, word: string): Error {
  const names = group.commands.flatMap(({ name, aliases }) => [name, ...(aliases ?? [])]);
  const near = nearest(word.slice(0, 60), names);
  const hint =
    near === null
      ? `\`${group.name} --help\` lists the commands.`
      : `Did you mean \`${group.name} ${near}\`?`;
  return usage(`unknown command ${JSON.stringify(word.slice(0, 60))}`, hint);
}
