/** Handlers of templates. */
import type { TemplateService } from '../../control/template-service.js';
import type { Template } from '../../domain/template.js';
import { resumed, type Handlers, type Server } from '../call.js';
import { pageOf } from '../cursor.js';
import { defined } from '../defined.js';
import { ROW_AND_WORKFLOW } from './sandboxes.js';

const POSTGRES: readonly Server[] = ['postgres'];
type Names = 'addTemplate' | 'listTemplates' | 'getTemplate' | 'refreshTemplate' | 'removeTemplate';

export const templateHandlers = (templates: TemplateService): Handlers<Names> => ({
  addTemplate: {
    needs: ROW_AND_WORKFLOW,
    run: async ({ actor, body }) => ({
      status: 201,
      body: await templates.add(actor, defined(body)),
    }),
  },
  listTemplates: {
    needs: POSTGRES,
    run: async ({ actor, query }) => ({
      body: pageOf(await templates.list(actor), byName, query),
    }),
  },
  getTemplate: {
    needs: POSTGRES,
    run: async ({ actor, params }) => ({ body: await templates.get(actor, params.template) }),
  },
  refreshTemplate: {
    needs: ROW_AND_WORKFLOW,
    run: async ({ actor, params }) => ({ body: await templates.refresh(actor, params.template) }),
  },
  removeTemplate: {
    needs: POSTGRES,
    run: async ({ actor, params, repetition }) => ({
      body: await templates.remove(actor, params.template, resumed<Template>(repetition)),
    }),
  },
});

const byName = ({ name }: Template): readonly [string, string] => [name, ''];
