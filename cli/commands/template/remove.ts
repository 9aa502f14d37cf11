/** `bd template remove`: new sandboxes get it no more. */
import { JSON_OPTION, type Command } from '../../command.js';
import { print, printJson } from '../../io.js';
import { withLastingProgress } from '../../progress.js';

export const removeTemplateCommand: Command = {
  name: 'remove',
  aliases: ['rm'],
  args: '<template>',
  summary: 'Remove a template; sandboxes that have it keep it',
  options: [JSON_OPTION],

  async run({ io, input, client }) {
    const api = await client();
    const [name = ''] = input.args;
    const template = await withLastingProgress(io, 'removing', () => api.removeTemplate(name));
    if (input.flag('json')) return printJson(io, template);
    await print(io, `template ${template.name} is removed`);
  },
};
