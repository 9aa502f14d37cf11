/** `bd template`. */
import { eitherWay, type Group } from '../command.js';
import { addTemplateCommand } from '../commands/template/add.js';
import { listTemplatesCommand } from '../commands/template/list.js';
import { refreshTemplateCommand } from '../commands/template/refresh.js';
import { removeTemplateCommand } from '../commands/template/remove.js';
import { showTemplateCommand } from '../commands/template/show.js';

export const TEMPLATE: Group = {
  name: 'bd template',
  isRare: true,
  summary: 'Templates: the schemas that sandboxes begin with.',
  commands: eitherWay([
    addTemplateCommand,
    listTemplatesCommand,
    showTemplateCommand,
    refreshTemplateCommand,
    removeTemplateCommand,
  ]),
};
