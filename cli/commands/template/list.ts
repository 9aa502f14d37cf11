/** `bd template list`: the templates of new sandboxes. */
import { formatRough } from '../../../domain/duration.js';
import type { Template } from '../../../domain/template.js';
import { JSON_OPTION, type Command } from '../../command.js';
import { print, printJson } from '../../io.js';
import { withProgress } from '../../progress.js';
import { table } from '../../table.js';

const FIELDS = ['Name', 'Version', 'Made of', 'Tables', 'Sandboxes', 'By', 'Age'] as const;

export const listTemplatesCommand: Command = {
  name: 'list',
  aliases: ['ls'],
  args: '',
  summary: 'List the templates',
  options: [JSON_OPTION],

  async run({ io, input, client }) {
    const api = await client();
    const templates = await withProgress(io, 'listing', () => api.listTemplates());
    if (input.flag('json')) return printJson(io, templates);
    const now = Date.now();
    await print(
      io,
      await table(
        io,
        FIELDS,
        templates.map((template) => row(template, now)),
      ),
    );
  },
};

function row(template: Template, now: number): string[] {
  const { name, version, tables, sandboxes, createdBy, createdAt } = template;
  const age = formatRough(now - Date.parse(createdAt));
  const counts = [tables, sandboxes].map(String);
  return [name, String(version), describeSource(template), ...counts, createdBy, age];
}

export function describeSource({ source }: Template): string {
  if (source.kind === 'schema') return `schema ${source.schema}`;
  return source.kind === 'sql' ? `${source.files.length} SQL files` : 'built in';
}
