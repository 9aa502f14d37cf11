/** The group of a command line. Each is loaded alone: all of them take longer than a short command. */
import type { Group } from './command.js';
import { wordsOf } from './suggest.js';
import { wordFirst } from './tokens.js';

const LOADED: Readonly<Record<string, () => Promise<Group>>> = {
  sandbox: async () => (await import('./groups/sandbox.js')).SANDBOX,
  template: async () => (await import('./groups/template.js')).TEMPLATE,
  token: async () => (await import('./groups/identity.js')).TOKEN,
  guild: async () => (await import('./groups/identity.js')).GUILD,
  owner: async () => (await import('./groups/identity.js')).OWNER,
  discord: async () => (await import('./groups/discord.js')).DISCORD,
  dev: async () => (await import('./groups/dev.js')).DEV,
};
const root = async (): Promise<Group> => (await import('./groups/root.js')).ROOT;

const allGroups = async (): Promise<readonly Group[]> => (await import('./groups.js')).GROUPS;

const isAlone = ([first = '', ...others]: readonly string[]): boolean =>
  others.length === 0 && ['--help', '-h', '--version', '-V', '-v'].includes(first);

export interface Line {
  readonly group: Group;
  readonly rest: readonly string[];
  /** Every group where the line names no command of its own: it may mean another's. */
  readonly groups: readonly Group[];
}

export async function groupFor(argv: readonly string[]): Promise<Line> {
  const { group, rest } = await placeOf(argv);
  const [word] = wordFirst(rest, group.commands);
  const isOwn = word === undefined || word.startsWith('-') || wordsOf(group).includes(word);
  return { group, rest, groups: isOwn ? [group] : await allGroups() };
}

async function placeOf(argv: readonly string[]): Promise<Omit<Line, 'groups'>> {
  // `help sandbox create` is `sandbox create --help`.
  const asked = argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv;
  const [word = '', ...rest] = await ordered(asked);
  const load = Object.hasOwn(LOADED, word) ? LOADED[word] : undefined;
  if (load === undefined) return { group: await root(), rest: asked };
  const group = await load();
  return { group, rest: word === 'dev' ? devLine(group, rest) : rest };
}

/** Options may stand before the word; finding the word then needs every option's kind. */
async function ordered(asked: readonly string[]): Promise<readonly string[]> {
  const [first] = asked;
  if (first === undefined || !first.startsWith('-') || isAlone(asked)) return asked;
  return wordFirst(
    asked,
    (await allGroups()).flatMap(({ commands }) => commands),
  );
}

/** `bd dev` alone, or with options, runs the stack in the foreground. */
function devLine({ commands }: Group, rest: readonly string[]): readonly string[] {
  const [first] = wordFirst(rest, commands);
  const named = first !== undefined && !first.startsWith('-');
  const helps = rest.some((token) => token === '--help' || token === '-h');
  return named || helps ? rest : ['run', ...rest];
}
