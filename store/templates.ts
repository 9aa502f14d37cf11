/** Templates (sql/055_templates.sql): a version is written once, and its text never changes. */
import type { Actor } from '../domain/actor.js';
import { SandboxError } from '../domain/errors.js';
import type { SandboxId } from '../domain/names.js';
import {
  createSecondsOf,
  type Template,
  type TemplateName,
  type TemplateNote,
  type TemplateSource,
  type TemplateStatement,
  type TemplateText,
} from '../domain/template.js';
import { postgresCode } from '../platform/postgres.js';
import { parseTime } from '../platform/postgres-time.js';
import { inDatabase, type Database } from './database.js';

export interface NewTemplate {
  readonly name: TemplateName;
  readonly source: TemplateSource;
  readonly statements: readonly TemplateStatement[];
  readonly extensions: readonly string[];
  readonly notes: readonly TemplateNote[];
  readonly tables: number;
}

const UNIQUE_VIOLATION = '23505';

/** @returns the new version @throws SANDBOX_008 for the name of a built-in template */
export async function putTemplate(
  { sql }: Database,
  template: NewTemplate,
  actor: Actor,
): Promise<number> {
  const put = () => sql<{ version: number }[]>`
    SELECT public.put_template(
      ${JSON.stringify(template)}::text::jsonb, ${JSON.stringify(actor)}::text::jsonb) AS version`;
  const [row] = await inDatabase(() =>
    put().catch((error: unknown) => {
      // Two first versions at once: the second one is version 2.
      if (postgresCode(error) !== UNIQUE_VIOLATION) throw error;
      return put();
    }),
  );
  if (row === undefined) throw new Error('put_template returned no row');
  return row.version;
}

/** False for an unknown name. @throws SANDBOX_008 for a built-in template */
export async function removeTemplate(
  { sql }: Database,
  name: TemplateName,
  actor: Actor,
): Promise<boolean> {
  const [row] = await inDatabase(
    () => sql<{ found: boolean }[]>`
      SELECT public.remove_template(${name}, ${JSON.stringify(actor)}::text::jsonb) AS found`,
  );
  return row?.found === true;
}

interface Row {
  readonly name: TemplateName;
  readonly version: number;
  /** The driver gives JSON as text: Drizzle turns its parsers off. */
  readonly json: string;
  readonly created_by: string;
  readonly created_at: string;
  readonly sandboxes: number;
}

/** The current versions by name; one of them where `name` is given. */
export async function listTemplates(
  { sql }: Database,
  name: TemplateName | null = null,
): Promise<Template[]> {
  const rows = await inDatabase(
    () => sql<Row[]>`
      SELECT t.name, t.version, t.created_by, t.created_at::text,
        json_build_object('source', t.source, 'tables', t.tables, 'extensions', to_json(t.extensions),
          'notes', t.notes, 'statements', jsonb_array_length(t.statements))::text AS json,
        (SELECT count(*)::int FROM public.sandboxes s
          WHERE s.template = t.name AND s.status <> 'destroyed') AS sandboxes
      FROM public.sandbox_templates t
      WHERE t.is_current AND (${name}::text IS NULL OR t.name = ${name}) ORDER BY t.name`,
  );
  return rows.map(templateOf);
}

function templateOf({ name, version, json, created_by, created_at, sandboxes }: Row): Template {
  const facts = JSON.parse(json) as Pick<
    Template,
    'source' | 'tables' | 'extensions' | 'notes' | 'statements'
  >;
  const createdAt = parseTime(created_at).toISOString();
  const createSeconds = createSecondsOf(facts.statements);
  return { name, version, ...facts, createdBy: created_by, createdAt, sandboxes, createSeconds };
}

/** With the text of its current version. Null for an unknown name. */
export async function templateText(
  database: Database,
  name: TemplateName,
): Promise<TemplateText | null> {
  const [template] = await listTemplates(database, name);
  if (template === undefined) return null;
  const { statements } = await storedTemplate(database, name, template.version);
  return { ...template, text: statements };
}

export interface StoredTemplate {
  readonly statements: readonly TemplateStatement[];
  readonly extensions: readonly string[];
}

/** A version that a sandbox has. @throws SANDBOX_004 if it is not there */
export async function storedTemplate(
  { sql }: Database,
  name: TemplateName,
  version: number,
): Promise<StoredTemplate> {
  const [row] = await inDatabase(
    () => sql<{ json: string }[]>`
      SELECT json_build_object('statements', statements, 'extensions', to_json(extensions))::text AS json
      FROM public.sandbox_templates WHERE name = ${name} AND version = ${version}`,
  );
  if (row === undefined)
    throw new SandboxError('SANDBOX_004', `version ${version} of template ${name} is gone`);
  return JSON.parse(row.json) as StoredTemplate;
}

/** What a call of `provision_sandbox` leaves to the sandbox's own role. */
export interface PendingTemplate {
  readonly name: TemplateName;
  readonly version: number;
  readonly attempt: number;
  /** The schema is new. Otherwise an earlier attempt may have left objects in it. */
  readonly fresh: boolean;
}

/** @throws SANDBOX_007 if a later attempt, a reset or a destroy has begun */
export async function finishTemplate(
  { sql }: Database,
  sandboxId: SandboxId,
  attempt: number,
  verifier: string,
): Promise<void> {
  await inDatabase(
    () => sql`SELECT public.finish_sandbox_template(${sandboxId}, ${attempt}, ${verifier})`,
  );
}
