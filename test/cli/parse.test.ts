import { expect, it } from 'vitest';
import type { Command } from '../../cli/command.js';
import { parse } from '../../cli/parse.js';

const command: Command = {
  name: 'make',
  args: '[name]',
  summary: 'x',
  options: [
    { flags: '--wait', description: 'x' },
    { flags: '--owner <owner>', description: 'x' },
    { flags: '--dry-run', description: 'x' },
  ],
  run: () => Promise.resolve(),
};
const parsed = (...argv: string[]) => parse({ name: 'bd', commands: [command] }, argv)?.input;

it.each([
  [['--wait=false'], false],
  [['--no-wait'], false],
  [['--wait=true'], true],
  [['--wait'], true],
  [[], true],
])('takes the flag of %j, and no argument from it', (argv, wait) => {
  const input = parsed('make', ...argv);
  expect(input?.flag('wait', true)).toBe(wait);
  expect(input?.args).toEqual([]);
});

it('keeps a value that looks like a flag, a number or nothing', () => {
  expect(parsed('make', '--owner=false')?.text('owner')).toBe('false');
  expect(parsed('make', '--owner', '007')?.text('owner')).toBe('007');
  expect(parsed('make', '--owner=1234567890123456789')?.text('owner')).toBe('1234567890123456789');
});

it('offers the option that was meant', () => {
  expect(() => parsed('make', '--dry-rum')).toThrow(
    expect.objectContaining({ hint: 'Did you mean --dry-run?' }) as Error,
  );
});
