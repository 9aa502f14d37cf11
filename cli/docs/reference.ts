/** The command reference of docs/sandbox-guide.md, from the commands' own definitions. */
import { describeOption, usageOf, type Command, type Group } from '../command.js';

export function commandReference(groups: readonly Group[]): string {
  return groups
    .flatMap((group) => group.commands.filter(isReal).map((command) => section(group, command)))
    .join('\n');
}

/** Not the words that only lead to another group. */
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

/** A bar ends a cell, and what looks like a tag is dropped by readers of Markdown. */
const cell = (text: string): string => text.replaceAll('|', '\\|');
