/**
 * Parses with cac and keeps every value as typed. cac rounds `--guild 1234567890123456789` even
 * with `type: [String]`, and turns `--ttl 007` into 7. So each value gets a mark before parsing and
 * loses it after.
 */
import { cac, type CAC } from 'cac';
import { Input, usageOf, type Command, type Group } from './command.js';
import { commandHelp, groupHelp } from './help.js';
import { usage } from './io.js';
import { suggestionsFor } from './suggest.js';
import { checkOptions, partTokens, wordFirst } from './tokens.js';

const MARK = '\u0001';
const mark = (text: string): string => MARK + text;
const unmark = (text: string): string => (text.startsWith(MARK) ? text.slice(1) : text);

function marked(argv: readonly string[]): string[] {
  return argv.map((token) => {
    if (!token.startsWith('-') || token === '-') return mark(token);
    const equals = token.indexOf('=');
    // Not for a flag: cac takes a marked value of a flag for an argument (tokens.ts refuses it).
    if (equals < 0 || /=(true|false)$/.test(token)) return token;
    return `${token.slice(0, equals + 1)}${mark(token.slice(equals + 1))}`;
  });
}

function buildCli(group: Group): CAC {
  const cli = cac(group.name);
  for (const command of group.commands) {
    const built = cli.command(`${command.name} ${command.args}`.trim(), command.summary);
    for (const alias of command.aliases ?? []) built.alias(alias);
    for (const { flags, description } of command.options ?? []) built.option(flags, description);
  }
  return cli;
}

export interface Parsed {
  readonly command: Command;
  readonly input: Input;
}

/** A request for a text instead of a command. */
export type Asked = { readonly help: string } | 'version';

const asksForHelp = (token: string): boolean => token === '--help' || token === '-h';
const asksForVersion = (token: string): boolean => ['--version', '-V', '-v'].includes(token);

/**
 * @param groups all groups: an unknown word of one group may be a word of another
 * @throws SANDBOX_008 for anything but a known command and its options
 */
export function parse(
  group: Group,
  argv: readonly string[],
  groups: readonly Group[] = [group],
): Parsed | Asked {
  // `help create` is `create --help`.
  const asked = argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv;
  const [word, ...others] = wordFirst(asked, group.commands);
  if (word === undefined || asksForHelp(word)) return { help: groupHelp(group) };
  if (word.startsWith('-')) {
    if ([word, ...others].some(asksForVersion)) return 'version';
    throw noCommand(group, word);
  }
  const command = group.commands.find(
    ({ name, aliases }) => name === word || aliases?.includes(word),
  );
  if (command === undefined) throw unknownCommand(group, word, groups);
  const { own, rest } = partTokens(command, others);
  if (own.some(asksForHelp)) return { help: commandHelp(group, command) };
  if (own.some(asksForVersion)) return 'version';
  checkOptions(`${group.name} ${command.name}`, command.options ?? [], own);
  const { args, options } = buildCli(group).parse(
    ['node', group.name, command.name, ...marked(own)],
    { run: false },
  );
  // Without a command line of another program, words after `--` are arguments.
  const operands = command.rest === undefined ? rest : [];
  const values = [...args.map((arg) => unmark(arg)), ...operands];
  checkArity(group, command, values);
  return { command, input: new Input(values, valuesOf(options), rest) };
}

function valuesOf(options: Record<string, unknown>): Record<string, (string | boolean)[]> {
  const values: Record<string, (string | boolean)[]> = {};
  for (const [name, value] of Object.entries(options)) {
    if (name === '--') continue;
    const list: unknown[] = Array.isArray(value) ? value : [value];
    values[name] = list.map((item) => (typeof item === 'boolean' ? item : unmark(String(item))));
  }
  return values;
}

function checkArity(group: Group, command: Command, values: readonly string[]): void {
  const specs = command.args.split(' ').filter((part) => part !== '');
  const required = specs.filter((part) => part.startsWith('<')).length;
  const endless = specs.some((part) => part.includes('...'));
  const help = `Usage: ${usageOf(group, command)}`;
  if (values.length < required) throw usage(`${command.name}: something is missing`, help);
  if (!endless && values.length > specs.length) {
    throw usage(`${command.name}: ${JSON.stringify(values[specs.length])} is too much`, help);
  }
}

/** The error for options without a command. */
function noCommand(group: Group, option: string): Error {
  return usage(
    `no command is given, only ${JSON.stringify(option.slice(0, 60))}`,
    `\`${group.name} --help\` lists the commands.`,
  );
}

function unknownCommand(group: Group, word: string, groups: readonly Group[]): Error {
  const meant = suggestionsFor(group, word.slice(0, 60), groups).map((name) => `\`${name}\``);
  const hint =
    meant.length === 0
      ? `\`${group.name} --help\` lists the commands.`
      : `Did you mean ${meant.join(' or ')}?`;
  return usage(`unknown command ${JSON.stringify(word.slice(0, 60))}`, hint);
}
