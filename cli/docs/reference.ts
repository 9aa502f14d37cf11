/** The command reference of docs/sandbox-guide.md, from the definitions of the commands. */
import { describeOption, usageOf, type Command, type Group } from '../command.js';

export function commandReference(groups: readonly Group[]): string {
  return groups
    .flatMap((group) => group.commands.filter(isReal).map((command) => section(group, command)))
    .join('\n');
}

/** False for a word that only leads to a group. */
const isReal = ({ args }: Command): boolean => args !== '[...command]';

function section(group: Group, command: Command): string {
  const { name, summary, aliases = [], options = [], examples = [] } = command;
  const lines = [`### ${group.name} ${name}`, '', `${summary}.`, ''];
  lines.push('```sh', usageOf(group, command), '```', '');
  if (aliases.length > 0) {
    lines.push(`Also: ${aliases.map((alias) => `\`${group.name} ${alias}\``).join(', ')}.`, '');
  }
  if (options.length > 0) {
    lines.push('| option | what it does |', '| --- | --- |');
    for (const option of options)
      lines.push(`| \`${cell(option.flags)}\` | ${cell(describeOption(option))} |`);
    lines.push('');
  }
  if (examples.length > 0) lines.push('```sh', ...examples, '```', '');
  return lines.join('\n');
}

/** Escapes a bar, which ends a cell, and `<`, which begins a tag. */
const cell = (text: string): string => text.replaceAll('|', '\\|');
