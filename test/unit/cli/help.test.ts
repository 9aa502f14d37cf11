import { describe, expect, it } from 'vitest';
import { usageOf } from '../../../cli/command.js';
import { GROUPS } from '../../../cli/groups.js';
import { commandHelp, groupHelp } from '../../../cli/help.js';

const commands = GROUPS.flatMap((group) =>
  group.commands
    .filter(({ args }) => args !== '[...command]')
    .map((command) => ({ name: `${group.name} ${command.name}`, group, command })),
);

describe('the help of a command', () => {
  it.each(commands)('$name has its name, description and common options', ({ group, command }) => {
    const help = commandHelp(group, command);
    const [title, ...lines] = help.split('\n');
    expect(title).toBe(`${group.name} ${command.name}`);
    expect(lines.slice(0, lines.indexOf('')).join(' ')).toBe(`${command.summary}.`);
    expect(help).toContain(`Usage:\n  $ ${usageOf(group, command)}`);
    expect(help).toMatch(/Common options:\n {2}-h, --help .*\n {2}-V, --version /);
    for (const alias of command.aliases ?? []) expect(help).toContain(`${group.name} ${alias}`);
    for (const { flags } of command.options ?? []) expect(help).toContain(flags);
    for (const example of command.examples ?? []) expect(help).toContain(`  $ ${example}`);
  });

  it.each(commands)('$name describes each of its arguments', ({ group, command }) => {
    const help = commandHelp(group, command);
    const [, section = ''] = /Arguments:\n([^]*?)\n\n/.exec(help) ?? [];
    const terms = [command.args, command.rest ?? ''].join(' ').match(/[<[]\S+|command…/g) ?? [];
    expect(section.match(/^ {2}[<[c]\S+ {2,}\S/gm) ?? []).toHaveLength(terms.length);
  });

  it('shows the values and the default of an option', () => {
    const list = commands.find(({ name }) => name === 'bd sandbox list')!;
    expect(commandHelp(list.group, list.command)).toMatch(/--status <status> +.*: pending, creat/);
    const create = commands.find(({ name }) => name === 'bd sandbox create')!;
    expect(commandHelp(create.group, create.command)).toMatch(
      /--ttl <duration> .*\n +\(default .*24h/,
    );
  });
});

it('the help of a group lists its commands', () => {
  for (const group of GROUPS) {
    const help = groupHelp(group);
    expect(help.split('\n').slice(0, 2)).toEqual([group.name, group.summary]);
    for (const { name } of group.commands) expect(help).toMatch(new RegExp(`^  ${name}( |$)`, 'm'));
  }
});
