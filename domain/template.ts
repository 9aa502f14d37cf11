/** Templates: what a sandbox's schema begins with. Pure. */
import { invalid, SandboxError } from './errors.js';

declare const brand: unique symbol;
export type TemplateName = string & { readonly [brand]: 'TemplateName' };

const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** The plan's three tables. It is in every installation (sql/055_templates.sql). */
export const BUILT_IN_TEMPLATE = 'arrakis' as TemplateName;

/** @throws SANDBOX_008 */
export function parseTemplateName(value: unknown): TemplateName {
  if (typeof value === 'string' && NAME.test(value)) return value as TemplateName;
  throw invalid(
    'template',
    value,
    'use 1 to 63 of a-z, 0-9 and "-", beginning and ending with a letter or digit',
  );
}

/** One statement, in the order to run. Its names have no schema (catalogue/statement.ts). */
export interface TemplateStatement {
  readonly phase: string;
  readonly kind: string;
  readonly name: string;
  readonly sql: string;
}

export type TemplateSource =
  | { readonly kind: 'built-in' }
  | { readonly kind: 'schema'; readonly schema: string }
  /** Names of files, in the order in which they ran. */
  | { readonly kind: 'sql'; readonly files: readonly string[] };

/** A file of `bd template add --from-sql`. */
export interface SqlFile {
  readonly name: string;
  readonly sql: string;
}

/** Something that a copy does otherwise than its source. */
export interface TemplateNote {
  readonly kind: string;
  readonly name: string;
  readonly text: string;
}

/** A template in its public form, without its text. */
export interface Template {
  readonly name: TemplateName;
  readonly version: number;
  readonly source: TemplateSource;
  readonly tables: number;
  readonly statements: number;
  /** Extensions that the database must have. */
  readonly extensions: readonly string[];
  readonly notes: readonly TemplateNote[];
  readonly createdBy: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** Live sandboxes that have a version of it. */
  readonly sandboxes: number;
  /** About how long a create or a reset takes. */
  readonly createSeconds: number;
}

/** A create of more tables takes a second or longer, and callers are told the time before. */
const MANY_TABLES = 200;

/**
 * Measured: 804 statements (201 tables with a key, a unique key and an index each) take 0.5 to 0.7 s
 * with PostgreSQL 18.4 on two cores.
 */
const STATEMENT_SECONDS = 0.001;

/** In tenths of a second. The rest of a create takes 0.1 s. */
export const createSecondsOf = (statements: number): number =>
  Math.ceil(1 + statements * STATEMENT_SECONDS * 10) / 10;

/** Null for a template whose sandboxes are soon made. */
export const tellCreateTime = ({ name, tables, createSeconds }: Template): string | null =>
  tables > MANY_TABLES
    ? `template ${name} has ${tables} tables: a create takes about ${createSeconds} s`
    : null;

export type TemplateText = Template & { readonly text: readonly TemplateStatement[] };

/** What a worker makes a template of. */
export interface TemplateInput {
  readonly name: TemplateName;
  readonly source: Exclude<TemplateSource, { readonly kind: 'built-in' }>;
  /** Of `sql`, in the order to run; else empty. */
  readonly files: readonly SqlFile[];
}

export interface MadeTemplate {
  readonly statements: readonly TemplateStatement[];
  readonly extensions: readonly string[];
  readonly notes: readonly TemplateNote[];
  readonly tables: number;
}

export interface AddTemplateOptions {
  readonly name: string;
  /** Of the database of the sandboxes; operators only. */
  readonly schema?: string;
  /** In the order to run. Exactly one of `schema` and `files` is given. */
  readonly files?: readonly SqlFile[];
}

/** @throws SANDBOX_008 unless it names either a schema or files */
export function parseTemplateInput({ name, schema, files }: AddTemplateOptions): TemplateInput {
  const named = parseTemplateName(name);
  if ((schema === undefined) === (files === undefined))
    throw new SandboxError('SANDBOX_008', 'a template is made of a schema, or of SQL files', {
      hint: 'Give one of them: `--from-schema NAME` or `--from-sql DIR`.',
    });
  if (schema !== undefined) {
    if (schema === '' || schema.includes('\0') || new TextEncoder().encode(schema).length > 63)
      throw invalid('schema', schema, 'it is the name of a schema, of 1 to 63 bytes');
    return { name: named, source: { kind: 'schema', schema }, files: [] };
  }
  return {
    name: named,
    source: { kind: 'sql', files: files?.map(nameOf) ?? [] },
    files: checkFiles(files ?? []),
  };
}

const nameOf = ({ name }: SqlFile): string => name;

function checkFiles(files: readonly SqlFile[]): readonly SqlFile[] {
  if (files.length === 0) throw invalid('files', files, 'a template needs at least one SQL file');
  const size = files.reduce((sum, { name, sql }) => sum + bytesOf(name) + bytesOf(sql), 0);
  if (size > MAX_TEXT || files.some(({ sql }) => sql.includes('\0')))
    throw invalid(
      'files',
      `${size} bytes`,
      `SQL files have at most ${MAX_TEXT} bytes in UTF-8, and no NUL character`,
    );
  return files;
}

/** Of the signature of an input. */
export const TEMPLATE_PURPOSE = 'template';

/** The workflow that makes it: one at a time for a name. */
export const templateWorkflowId = (name: TemplateName): string => `sandbox-template-${name}`;

/** More would not be made within the time of a create (docs/templates.md). */
export const MAX_STATEMENTS = 5_000;
/** Bytes in UTF-8. A larger one does not pass through Temporal (2 MB for a result). */
export const MAX_TEXT = 1_000_000;

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** The statements as one file of SQL. */
export const textOf = (statements: readonly TemplateStatement[]): string =>
  statements.map(({ sql }) => `${sql};\n`).join('\n');

/** @throws SANDBOX_008 for a text that is too long */
export function checkSize(statements: readonly TemplateStatement[]): void {
  const size = bytesOf(JSON.stringify(statements));
  if (statements.length <= MAX_STATEMENTS && size <= MAX_TEXT) return;
  throw invalid(
    'template',
    `${statements.length} statements, ${size} bytes`,
    `a template has at most ${MAX_STATEMENTS} statements and ${MAX_TEXT} bytes in UTF-8`,
  );
}
