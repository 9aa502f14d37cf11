/** The text of `--help` in 80 columns: a group's commands, or a command's arguments and options. */
import { describeOption, usageOf, type Command, type Group } from './command.js';

const WIDTH = 80;
/** A wider term gets a line of its own. */
const WIDEST_TERM = 34;

/** A term and its text: `--json`, `Print JSON`. */
type Row = readonly [term: string, text: string];

const COMMON: readonly Row[] = [
  ['-h, --help', 'Show this help'],
  ['-V, --version', 'Show the version of bd'],
];

/** The text for each argument, the same in every command. */
const ARGUMENTS: Readonly<Record<string, string>> = {
  template: 'The name of a template (`bd template list`)',
  sandbox: 'Id or name of a sandbox',
  sandboxes: 'Ids or names of sandboxes',
  name: 'Its name, of a-z, 0-9 and "-"; without one it gets a name from its owner',
  guild: 'Id of a Discord server: 17 to 20 digits',
  owner: 'The name of an owner',
  role: 'developer or operator',
  token: 'Id of a token (`bd token list`), not its text',
  duration: 'Such as 90m, 24h, 7d, 1w or 1h30m',
  event: 'An event of the catalogue, such as message-create (`--list` shows them)',
  service: 'A service of the local stack',
  shell: 'bash, zsh or fish',
  guildorname: 'Id or name of a guild of simulated Discord (`bd discord guilds`)',
  text: 'The text of the message',
  command: 'The command, with its subcommand as the next word',
  options: 'Options of the command, each as name=value',
  folder: 'Folder of the installation’s secrets, made if it is not there',
};

export function groupHelp(group: Group): string {
  return page([
    ['', [group.name, ...wrap(group.summary, 0)]],
    ['Usage', [`  $ ${group.name} <command> [options]`]],
    ['Commands', columns(group.commands.map(commandRow))],
    ['More', [`  $ ${group.name} <command> --help`]],
    ['Options', columns(COMMON)],
  ]);
}

export function commandHelp(group: Group, command: Command): string {
  const { name, summary, aliases = [], options = [], examples = [] } = command;
  return page([
    ['', [`${group.name} ${name}`, ...wrap(`${summary}.`, 0)]],
    ['Usage', wrap(`$ ${usageOf(group, command)}${options.length > 0 ? ' [options]' : ''}`, 2)],
    ['Aliases', aliases.map((alias) => `  ${group.name} ${alias}`)],
    ['Arguments', columns(argumentRows(command))],
    ['Options', columns(options.map((option) => [option.flags, describeOption(option)]))],
    ['Common options', columns(COMMON)],
    ['Examples', examples.map((example) => `  $ ${example}`)],
  ]);
}

/** Omits sections without lines. */
function page(sections: readonly (readonly [title: string, lines: readonly string[]])[]): string {
  return sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => [...(title === '' ? [] : [`${title}:`]), ...lines].join('\n'))
    .join('\n\n');
}

const commandRow = ({ name, args, rest = '', summary }: Command): Row => [
  [name, args, rest].filter((part) => part !== '').join(' '),
  summary,
];

function argumentRows({ args, rest }: Command): Row[] {
  const rows = args
    .split(' ')
    .filter((part) => part !== '')
    .map((part): Row => [part, ARGUMENTS[part.replace(/[^a-z]/g, '')] ?? '']);
  return rest === undefined
    ? rows
    : [...rows, ['command…', 'A program and its arguments; the `--` before it may be left out']];
}

/** Texts in one column. Continuation lines align with the text's start. */
function columns(rows: readonly Row[]): string[] {
  const widths = rows.map(([term]) => term.length).filter((width) => width <= WIDEST_TERM);
  const indent = 2 + Math.max(0, ...widths) + 2;
  return rows.flatMap(([term, text]) => {
    const lines = wrap(text, indent);
    if (term.length > WIDEST_TERM) return [`  ${term}`, ...lines];
    const [first = '', ...more] = lines;
    return [`  ${term.padEnd(indent - 2)}${first.slice(indent)}`.trimEnd(), ...more];
  });
}

/** Indents each line. Never cuts a word. */
function wrap(text: string, indent: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].filter((one) => one !== '').map((one) => ' '.repeat(indent) + one);
}
