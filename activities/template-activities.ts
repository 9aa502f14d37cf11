/** Makes a template: its text is tried in a scratch schema, and read back from there. */
import { customAlphabet } from 'nanoid';
import { readSchema } from '../catalogue/read.js';
import type { SchemaReading } from '../catalogue/statement.js';
import type { SignedInput } from '../domain/command.js';
import { ERRORS, messageOf, SandboxError, unexpected } from '../domain/errors.js';
import { ID_ALPHABET, newSandboxId, roleName, schemaName } from '../domain/names.js';
import {
  checkSize,
  TEMPLATE_PURPOSE,
  type MadeTemplate,
  type TemplateInput,
} from '../domain/template.js';
import { withLogin } from '../platform/addresses/login.js';
import { passwordFor, scramVerifier } from '../platform/credentials.js';
import type { Logger } from '../platform/log.js';
import { closePostgres, openPostgres } from '../platform/postgres.js';
import { verifyInput } from '../platform/signature.js';
import { runTemplate, type RoleLogin } from '../resources/postgres/template.js';
import { runFiles } from '../resources/postgres/sql-files.js';
import type { Resource } from '../resources/resource.js';
import { inDatabase, type Database } from '../store/database.js';
import { refuseDifferences, refuseRefusals, refuseSource } from './template-refusals.js';
import { failuresTyped } from './failures.js';
import { inTime } from './in-time.js';
import type { TemplateMetrics } from './metrics.js';

export interface TemplateContext {
  readonly database: Database;
  readonly databaseUrl: string;
  /** Another database whose schemas are read, with a login of its own; null: that of the sandboxes. */
  readonly sourceUrl: string | null;
  readonly tenantKey: string;
  /** Verifies who asks (platform/subkeys.ts). */
  readonly actorKey: string;
  /** Removes the scratch schema. */
  readonly schemas: Pick<Resource, 'removeOrphan'>;
  readonly metrics: Pick<TemplateMetrics, 'templateMade'>;
  readonly log: Logger;
}

export type TemplateActivities = ReturnType<typeof templateActivities>;

const random = customAlphabet(ID_ALPHABET);

export function templateActivities(context: TemplateContext) {
  return failuresTyped({
    /**
     * @throws SANDBOX_004 for an unknown schema, SANDBOX_005, SANDBOX_008 for what cannot be
     * carried; SANDBOX_010 for an input that came past `control/`
     */
    async makeTemplate(signed: SignedInput<TemplateInput>): Promise<MadeTemplate> {
      const input = verifyInput(context.actorKey, TEMPLATE_PURPOSE, signed, Date.now());
      const making = inScratch(context, (scratch) => made(scratch, context.sourceUrl, input));
      return measured(context.metrics, inTime(['postgres'], making));
    },
  });
}

async function measured<T>(
  { templateMade }: TemplateContext['metrics'],
  work: Promise<T>,
): Promise<T> {
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1_000;
  try {
    const result = await work;
    templateMade(seconds(), 'made');
    return result;
  } catch (error) {
    templateMade(seconds(), ERRORS[unexpected(error).code].final ? 'refused' : 'failed');
    throw error;
  }
}

async function made(
  scratch: RoleLogin,
  sourceUrl: string | null,
  { source, files }: TemplateInput,
): Promise<MadeTemplate> {
  if (source.kind === 'schema') {
    refuseSource(source.schema, sourceUrl === null);
    const reading = await readIn(sourceUrl ?? urlOf(scratch), source.schema);
    refuseRefusals(reading, source.schema);
    // Before the copy, which would take longer than the activity has.
    checkSize(reading.statements);
    const { extensions } = reading.requires;
    await runTemplate(scratch, { statements: reading.statements, extensions });
    refuseDifferences(reading, await readIn(urlOf(scratch), scratch.schema));
    return template(reading);
  }
  await runFiles(scratch, files);
  const reading = await readIn(urlOf(scratch), scratch.schema);
  refuseRefusals(reading, 'the files');
  return template(reading);
}

function template({ statements, requires, notes }: SchemaReading): MadeTemplate {
  checkSize(statements);
  const tables = statements.filter(({ kind }) => kind === 'table').length;
  return { statements, extensions: requires.extensions, notes, tables };
}

/** A role that has no right but its own empty schema. */
const urlOf = ({ databaseUrl, role, password }: RoleLogin): string =>
  withLogin(databaseUrl, role, password);

async function readIn(url: string, schema: string): Promise<SchemaReading> {
  const sql = openPostgres(url, { name: 'bd template', max: 1 });
  try {
    return await inDatabase(() => readSchema(sql, schema));
  } finally {
    await closePostgres(sql);
  }
}

/** The sweep removes what a worker that is killed leaves behind. */
async function inScratch<T>(
  { database, databaseUrl, tenantKey, schemas, log }: TemplateContext,
  work: (scratch: RoleLogin) => Promise<T>,
): Promise<T> {
  const sandboxId = newSandboxId((length) => random(length));
  const password = passwordFor(tenantKey, 'postgres', { sandboxId, rotation: 0 });
  const verifier = await scramVerifier(password);
  await inDatabase(() =>
    database.ddl((ddl) => ddl`SELECT public.provision_scratch(${sandboxId}, ${verifier})`),
  ).catch((error: unknown) => {
    if (error instanceof SandboxError) throw error;
    const what = 'a scratch schema could not be created';
    throw new SandboxError('SANDBOX_005', `${what}: ${messageOf(error)}`, { cause: error });
  });
  const [role, schema] = [roleName(sandboxId), schemaName(sandboxId)];
  try {
    return await work({ databaseUrl, role, password, schema });
  } finally {
    const found = { kind: 'schema', name: schema, sandboxId, installation: null, createdAt: null };
    await schemas.removeOrphan(found).catch((error: unknown) => {
      log.warn({ schema, err: error }, 'a scratch schema stays until the next sweep');
    });
  }
}
