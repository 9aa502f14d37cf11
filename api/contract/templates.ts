/** What travels of templates, as JSON. */
import { z } from '@hono/zod-openapi';
import { PAGE_QUERY, pageOf, template, time } from './schemas.js';

const statement = z.object({
  phase: z.string(),
  kind: z.string(),
  name: z.string(),
  sql: z.string(),
});
export const Template = z
  .object({
    name: z.string(),
    version: z.number().int(),
    source: z.union([
      z.object({ kind: z.literal('built-in') }),
      z.object({ kind: z.literal('schema'), schema: z.string() }),
      z.object({ kind: z.literal('sql'), files: z.array(z.string()) }),
    ]),
    tables: z.number().int(),
    statements: z.number().int(),
    /** Extensions that the database must have. */
    extensions: z.array(z.string()),
    /** What a sandbox has otherwise than the source. */
    notes: z.array(z.object({ kind: z.string(), name: z.string(), text: z.string() })),
    createdBy: z.string(),
    createdAt: time,
    /** Live sandboxes that have a version of it. */
    sandboxes: z.number().int(),
    /** About how long a create or a reset takes. */
    createSeconds: z.number(),
  })
  .openapi('Template');
export const TemplateText = Template.extend({ text: z.array(statement) }).openapi('TemplateText');
export const TemplatePage = pageOf(Template, 'TemplatePage');
export const TemplateQuery = z.strictObject(PAGE_QUERY);
export const AddTemplate = z
  .strictObject({
    name: template,
    /** A schema of the sandboxes' database, for operators; or else files. */
    schema: z.string().min(1).max(63).optional(),
    /** SQL files, in the order to run. */
    files: z
      .array(z.strictObject({ name: z.string().min(1).max(200), sql: z.string() }))
      .min(1)
      .max(1_000)
      .optional(),
  })
  .openapi('AddTemplate');
