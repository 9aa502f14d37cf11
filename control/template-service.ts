/** The use cases of templates. Each takes the actor that asks, and decides first whether the actor may. */
import type { Actor } from '../domain/actor.js';
import { SandboxError } from '../domain/errors.js';
import { parseOwner } from '../domain/names.js';
import { requirePermission } from '../domain/permissions.js';
import {
  parseTemplateInput,
  parseTemplateName,
  type AddTemplateOptions,
  type Template,
  type TemplateInput,
  type TemplateName,
  type TemplateText,
} from '../domain/template.js';
import { UNREPEATABLE, type Resumed } from '../domain/resumed.js';
import { listTemplates, putTemplate, removeTemplate, templateText } from '../store/templates.js';
import type { Connections } from './connections.js';

export class TemplateService {
  constructor(private readonly connections: Connections) {}

  /**
   * New sandboxes of the name get the new version; others keep theirs.
   * @throws SANDBOX_004 for an unknown schema; SANDBOX_008 for what cannot be carried, with the
   * objects; _009, _010
   */
  async add(actor: Actor, options: AddTemplateOptions): Promise<Template> {
    return this.make(actor, parseTemplateInput(options));
  }

  /** Reads the schema again. @throws SANDBOX_004; SANDBOX_007 for a template of files; as `add` */
  async refresh(actor: Actor, name: string): Promise<Template> {
    const template = await this.known(actor, name);
    const { source } = template;
    if (source.kind === 'schema')
      return this.make(actor, { name: template.name, source, files: [] });
    throw new SandboxError('SANDBOX_007', `template ${name} was not made of a schema`, {
      hint: `Add it again with its files: \`bd template add ${name} --from-sql DIR\`.`,
    });
  }

  async list(actor: Actor): Promise<Template[]> {
    requirePermission(actor, 'readTemplates', null);
    return listTemplates(this.connections.database);
  }

  /** With its text. @throws SANDBOX_004 */
  async get(actor: Actor, name: string): Promise<TemplateText> {
    requirePermission(actor, 'readTemplates', null);
    const template = await templateText(this.connections.database, parseTemplateName(name));
    if (template === null) throw noTemplate(name);
    return template;
  }

  /**
   * Sandboxes that have it keep it.
   * @param resumed of a request that may be repeated: a template added since then stays
   * @throws SANDBOX_004; SANDBOX_008 for a built-in one
   */
  async remove(
    actor: Actor,
    name: string,
    resumed: Resumed<Template> = UNREPEATABLE,
  ): Promise<Template> {
    requirePermission(actor, 'readTemplates', null);
    const { database } = this.connections;
    const [current] = await listTemplates(database, parseTemplateName(name));
    const template = resumed.kept ?? current;
    if (template === undefined) throw noTemplate(name);
    requirePermission(actor, 'writeTemplate', { owner: parseOwner(template.createdBy) });
    if (current?.createdAt !== template.createdAt) return template;
    await resumed.keep(template);
    const removed = await removeTemplate(database, template.name, actor);
    if (!removed && resumed.kept === null) throw noTemplate(name);
    return template;
  }

  private async make(actor: Actor, input: TemplateInput): Promise<Template> {
    const { database } = this.connections;
    const { name, source } = input;
    if (source.kind === 'schema') requirePermission(actor, 'copySchema', null);
    const [earlier] = await listTemplates(database, name);
    const owner = earlier === undefined ? actor.name : parseOwner(earlier.createdBy);
    requirePermission(actor, 'writeTemplate', { owner });
    // Loads Temporal's client, which a list does not need.
    const { makeTemplate } = await import('./make-template.js');
    const made = await makeTemplate(await this.connections.lifecycle(), input);
    await putTemplate(database, { name, source, ...made }, actor);
    return this.current(name);
  }

  private async known(actor: Actor, name: string): Promise<Template> {
    requirePermission(actor, 'readTemplates', null);
    return this.current(parseTemplateName(name));
  }

  private async current(name: TemplateName): Promise<Template> {
    const [template] = await listTemplates(this.connections.database, name);
    if (template === undefined) throw noTemplate(name);
    return template;
  }
}

const noTemplate = (name: string): SandboxError =>
  new SandboxError('SANDBOX_004', `there is no template ${name}`, {
    hint: '`bd template list` shows the templates.',
  });
