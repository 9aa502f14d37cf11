import { describe, expect, it } from 'vitest';
import type { Command } from '../../../cli/command.js';
import { GROUPS } from '../../../cli/groups.js';
import { parse, type Parsed } from '../../../cli/parse.js';
import { suggestionsFor } from '../../../cli/suggest.js';
import { SYNONYMS } from '../../../cli/synonyms.js';

const command: Command = {
  name: 'make',
  args: '[name]',
  summary: 'x',
  options: [
    { flags: '--wait', description: 'x' },
    { flags: '--owner <owner>', description: 'x' },
    { flags: '--dry-run', description: 'x' },
    { flags: '--no-follow', description: 'x' },
  ],
  run: () => Promise.resolve(),
};
const group = { name: 'bd', summary: 'x', commands: [command] };
const parsed = (...argv: string[]) => (parse(group, argv) as Parsed).input;

it.each([
  [['--wait=false'], false],
  [['--no-wait'], false],
  [['--wait=true'], true],
  [['--wait'], true],
  [[], true],
])('takes the flag of %j, and no argument from it', (argv, wait) => {
  const input = parsed('make', ...argv);
  expect(input.flag('wait', true)).toBe(wait);
  expect(input.args).toEqual([]);
});

it.each([
  [['--no-follow'], false],
  [['--follow'], true],
  [['--follow=false'], false],
  [[], true],
])('takes the flag that is on of itself from %j', (argv, follow) => {
  expect(parsed('make', ...argv).flag('follow', true)).toBe(follow);
  expect(parsed('make', ...argv).args).toEqual([]);
});

it.each(['--no-wait=false', '--no-follow=true', '--no-dry-run='])(
  'refuses %s, which says yes and no',
  (option) => {
    expect(() => parsed('make', option)).toThrow(/takes no value/);
  },
);

it('keeps a value that looks like a flag, a number or nothing', () => {
  expect(parsed('make', '--owner=false').text('owner')).toBe('false');
  expect(parsed('make', '--owner', '007').text('owner')).toBe('007');
  expect(parsed('make', '--owner=1234567890123456789').text('owner')).toBe('1234567890123456789');
});

it('offers the option that was meant', () => {
  expect(() => parsed('make', '--dry-rum')).toThrow(
    expect.objectContaining({ hint: 'Did you mean --dry-run?' }) as Error,
  );
});

describe('a command line of another program', () => {
  const exec = (...argv: string[]) => {
    const sandbox = GROUPS.find(({ name }) => name === 'bd sandbox')!;
    return parse(sandbox, ['exec', ...argv]);
  };

  it.each([
    [
      ['my-fix', 'node', 'bot.js'],
      ['node', 'bot.js'],
    ],
    [
      ['my-fix', '--', 'node', 'bot.js'],
      ['node', 'bot.js'],
    ],
    [
      ['my-fix', 'node', '--version'],
      ['node', '--version'],
    ],
    [
      ['my-fix', 'node', '--help', '-v'],
      ['node', '--help', '-v'],
    ],
    [
      ['my-fix', 'npm', 'run', 'x', '--', '--json'],
      ['npm', 'run', 'x', '--', '--json'],
    ],
    [
      ['my-fix', '--', 'sh', '--', 'x'],
      ['sh', '--', 'x'],
    ],
    [['my-fix'], []],
  ])('%j runs %j', (argv, rest) => {
    expect((exec(...argv) as Parsed).input).toMatchObject({ args: ['my-fix'], rest });
  });

  it('begins with its word: what stands before is ours', () => {
    expect(exec('my-fix', '--version')).toBe('version');
    expect(exec('--help', 'my-fix', 'node')).toHaveProperty('help');
  });
});

describe('a word of another tool', () => {
  const meant = (line: string): string[] => {
    const words = line.split(' ');
    const name = words.slice(0, -1).join(' ');
    const found = GROUPS.find((one) => one.name === name)!;
    return suggestionsFor(found, words.at(-1) ?? '', GROUPS);
  };

  it.each([
    ['bd sandbox delete', ['bd sandbox destroy']],
    ['bd sandbox remove', ['bd sandbox destroy']],
    ['bd sandbox stop', ['bd sandbox destroy']],
    ['bd sandbox show', ['bd sandbox status']],
    ['bd sandbox get', ['bd sandbox status']],
    ['bd sandbox info', ['bd sandbox status']],
    ['bd sandbox describe', ['bd sandbox status']],
    ['bd sandbox start', ['bd sandbox create']],
    ['bd sandbox shell', ['bd sandbox exec']],
    ['bd sandbox run', ['bd sandbox exec']],
    ['bd sandbox register', ['bd sandbox register-guild']],
    ['bd sandbox restart', ['bd dev restart']],
    ['bd sandbox doctor', ['bd doctor']],
    ['bd create', ['bd sandbox create']],
    ['bd delete', ['bd sandbox destroy']],
    ['bd creat', ['bd sandbox create']],
    ['bd status', ['bd sandbox status', 'bd dev status']],
    ['bd start', ['bd sandbox create', 'bd dev up']],
    ['bd dev start', ['bd dev up']],
    ['bd dev list', ['bd sandbox list']],
    ['bd grant', ['bd guild grant']],
    ['bd token delete', ['bd token revoke']],
    ['bd frobnicate', []],
    ['bd sandbox constructor', []],
  ])('%s suggests %j', (line, commands) => {
    expect(meant(line)).toEqual(commands);
  });

  it('stands for a command that there is, and is none itself', () => {
    for (const [group, words] of Object.entries(SYNONYMS)) {
      const commands = GROUPS.find(({ name }) => name === group)?.commands ?? [];
      const names = commands.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
      for (const [word, command] of words) {
        expect(names).toContain(command);
        expect(names).not.toContain(word);
      }
    }
  });
});
