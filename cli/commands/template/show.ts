/** `bd template show`: the SQL of a template. */
import { textOf } from '../../../domain/template.js';
import { JSON_OPTION, type Command } from '../../command.js';
import { print, printJson } from '../../io.js';
import { withProgress } from '../../progress.js';

export const showTemplateCommand: Command = {
  name: 'show',
  args: '<template>',
  summary: 'Print the SQL of a template',
  options: [JSON_OPTION],
  examples: ['bd template show arrakis'],

  async run({ io, input, client }) {
    const api = await client();
    const [name = ''] = input.args;
    const template = await withProgress(io, 'reading', () => api.getTemplate(name));
    if (input.flag('json')) return printJson(io, template);
    await print(io, textOf(template.text).trimEnd());
  },
};
