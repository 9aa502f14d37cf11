/** `bd template refresh`: reads the schema of a template again. */
import { JSON_OPTION, type Command } from '../../command.js';
import { printJson } from '../../io.js';
import { withLastingProgress } from '../../progress.js';
import { sayMade } from './add.js';

export const refreshTemplateCommand: Command = {
  name: 'refresh',
  args: '<template>',
  summary: 'Read the schema of a template again; sandboxes keep their version',
  options: [JSON_OPTION],

  async run({ io, input, client }) {
    const api = await client();
    const [name = ''] = input.args;
    const template = await withLastingProgress(io, 'making', () => api.refreshTemplate(name));
    if (input.flag('json')) return printJson(io, template);
    await sayMade(io, template);
  },
};
