/** A database with a schema to read, a role that reads it, and a role that makes copies. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { customAlphabet } from 'nanoid';
import { expect } from 'vitest';
import { applyStatements } from '../../../catalogue/apply.js';
import { quoteIdentifier } from '../../../catalogue/names.js';
import { readSchema } from '../../../catalogue/read.js';
import type { SchemaReading, Statement } from '../../../catalogue/statement.js';
import { closePostgres, openPostgres, type Sql } from '../../../platform/postgres.js';
import { projectRoot } from '../../../platform/project-root.js';
import { inFreshDatabase } from '../../support/fresh-database.js';

const letters = customAlphabet('abcdefghijklmnopqrstuvwxyz', 8);

export interface Place {
  /** The database's address, of an administrator. */
  readonly url: string;
  /** An administrator. */
  readonly admin: Sql;
  /** A role without any right, as `bd_template`. */
  readonly reader: Sql;
  readonly readerRole: string;
  readonly read: (schema: string) => Promise<SchemaReading>;
  /** Makes the schema and runs SQL in it, as the administrator. */
  readonly make: (schema: string, text: string) => Promise<void>;
  /** Makes the schema for a role of its own, and applies a reading in a session of the role. */
  readonly copy: (reading: SchemaReading, schema: string) => Promise<void>;
}

/** An administrator's address of another server than the run's: `npm run test:postgres` sets it. */
export const SERVER = process.env.CATALOGUE_POSTGRES;

/** Passes `work` an empty database. */
export async function inPlace(work: (place: Place) => Promise<void>): Promise<void> {
  await inFreshDatabase(async (url, admin) => {
    const roles = { reader: `reader_${letters()}`, copier: `copier_${letters()}` };
    for (const role of Object.values(roles))
      await admin.unsafe(`CREATE ROLE ${role} LOGIN PASSWORD 'test'`);
    const reader = openPostgres(as(url, roles.reader), { name: 'test', max: 1 });
    try {
      await work({
        url,
        admin,
        reader,
        readerRole: roles.reader,
        read: (schema) => readSchema(reader, schema),
        make: (schema, text) => makeIn(admin, schema, text),
        copy: (reading, schema) => copyAs(roles.copier, url, admin, reading, schema),
      });
    } finally {
      await closePostgres(reader);
      for (const role of Object.values(roles)) await admin.unsafe(`DROP OWNED BY ${role} CASCADE`);
      for (const role of Object.values(roles)) await admin.unsafe(`DROP ROLE ${role}`);
    }
  }, SERVER);
}

function as(url: string, role: string): string {
  const address = new URL(url);
  [address.username, address.password] = [role, 'test'];
  return address.href;
}

async function makeIn(admin: Sql, schema: string, text: string): Promise<void> {
  const name = quoteIdentifier(schema);
  await admin.unsafe(`CREATE SCHEMA IF NOT EXISTS ${name}`);
  await admin.begin(async (tx) => {
    await tx.unsafe(`SET LOCAL search_path = ${name}, public`);
    await tx.unsafe(text);
  });
}

async function copyAs(
  role: string,
  url: string,
  admin: Sql,
  reading: SchemaReading,
  schema: string,
): Promise<void> {
  const name = quoteIdentifier(schema);
  await admin.unsafe(`CREATE SCHEMA ${name} AUTHORIZATION ${role}`);
  const copier = openPostgres(as(url, role), { name: 'test', max: 1 });
  try {
    await copier.begin(async (tx) => {
      await tx.unsafe(`SET LOCAL search_path = ${name}, pg_temp`);
      await applyStatements(tx, reading.statements);
    });
  } finally {
    await closePostgres(copier);
  }
}

/** Text of a fixture of this folder. */
export const schemaFile = (name: string): string =>
  readFileSync(join(projectRoot(), 'test/system/catalogue/schemas', name), 'utf8');

/** The objects as a set of lines, so that a difference names the object. */
export const linesOf = (statements: readonly Statement[]): string[] =>
  statements.map(({ phase, kind, name, sql }) => `${phase} | ${kind} | ${name} | ${sql}`);

/** Objects of a schema that need an object of another one, in the server's words. */
export async function leaksFrom(admin: Sql, copy: string, source: string): Promise<string[]> {
  const rows = await admin<{ leak: string }[]>`
    SELECT pg_describe_object(classid, objid, objsubid) || ' needs ' ||
      pg_describe_object(refclassid, refobjid, refobjsubid) AS leak
    FROM pg_depend, pg_identify_object(classid, objid, 0) i, pg_identify_object(refclassid, refobjid, 0) r
    WHERE (i.schema = ${copy} OR i.identity LIKE '%' || quote_ident(${copy}) || '.%')
      AND (r.schema = ${source} OR r.identity LIKE quote_ident(${source}) || '.%')
      AND objid >= 16384 AND refobjid >= 16384 AND deptype <> 'e'
      AND NOT EXISTS (SELECT FROM pg_depend e
        WHERE e.classid = pg_depend.refclassid AND e.objid = pg_depend.refobjid AND e.deptype = 'e')`;
  return rows.map(({ leak }) => leak);
}

/** The schema that `expectSameCopy` makes. */
export const COPY = 'a copy';

/** Reads, copies, reads the copy: both readings must be the same list. */
export async function expectSameCopy({ admin, read, copy }: Place, source: string): Promise<void> {
  const reading = await read(source);
  expect(reading.refusals).toEqual([]);
  await copy(reading, COPY);
  const again = await read(COPY);
  expect(linesOf(again.statements)).toEqual(linesOf(reading.statements));
  expect(again.refusals).toEqual([]);
  expect(again.requires).toEqual(reading.requires);
  expect(await leaksFrom(admin, COPY, source)).toEqual([]);
}
