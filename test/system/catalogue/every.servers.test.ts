/**
 * Copies compared by `pg_dump`: part of `npm run test:postgres`, which runs this folder on each of
 * several servers. `SCHEMA_FILES`: paths of further SQL files, separated by commas, each with a
 * schema `public`.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { customAlphabet } from 'nanoid';
import { expect, it } from 'vitest';
import { inPlace, leaksFrom, linesOf, schemaFile, type Place } from './copying.js';

const letters = customAlphabet('abcdefghijklmnopqrstuvwxyz', 8);

const FILES = (process.env.SCHEMA_FILES ?? '').split(',').filter((path) => path !== '');

/** The objects of a dump, sorted: the order depends on oids. The schema's name becomes SCHEMA. */
function dumpOf(url: string, schema: string): string[] {
  const text = execFileSync('pg_dump', ['-s', '-O', '-x', '-n', schema, url], {
    encoding: 'utf8',
    maxBuffer: 1e9,
  });
  return (
    text
      .split(/^--\n-- Name: /m)
      .slice(1)
      .map((object) => object.replace(/^--\n-- PostgreSQL database dump complete[\s\S]*/m, ''))
      .map((object) => object.replaceAll(schema, 'SCHEMA').trim())
      // A policy's role becomes that of the copy.
      .map((object) =>
        object.replace(
          /^(\S+ .* Type: POLICY[\s\S]*) TO (?:postgres|copier_[a-z]+) /,
          '$1 TO ROLE ',
        ),
      )
      .filter((object) => !/^SCHEMA; Type: (SCHEMA|COMMENT)|^SCHEMA SCHEMA;/.test(object))
      .sort()
  );
}

async function expectSameDump(place: Place, source: string): Promise<void> {
  const { admin, url, read, copy } = place;
  const start = performance.now();
  const reading = await read(source);
  const readMs = Math.round(performance.now() - start);
  expect(reading.refusals).toEqual([]);
  const target = `copy_${letters()}`;
  const applied = performance.now();
  await copy(reading, target);
  const applyMs = Math.round(performance.now() - applied);
  expect(linesOf((await read(target)).statements)).toEqual(linesOf(reading.statements));
  expect(await leaksFrom(admin, target, source)).toEqual([]);
  expect(dumpOf(url, target)).toEqual(dumpOf(url, source));
  const tables = reading.statements.filter(({ kind }) => kind === 'table').length;
  console.log(
    `${tables} tables, ${reading.statements.length} statements: read ${readMs} ms, applied ${applyMs} ms`,
  );
}

const source = `source_${letters()}`;

it('a schema with every kind of object has a copy with the same dump', () =>
  inPlace(async (place) => {
    await place.make(source, schemaFile('every-kind.sql'));
    await expectSameDump(place, source);
  }));

it.each(FILES.map((path) => [basename(path), path]))(
  '%s has a copy with the same dump',
  { timeout: 600_000 },
  (_name, path) =>
    inPlace(async (place) => {
      // A dump begins with settings of the session.
      const text = readFileSync(path, 'utf8').replace(/^\\.*$/gm, '');
      await place.admin.unsafe(`${text}; RESET ALL; CREATE SCHEMA extensions`);
      // They stay where they are, so in the dump their schema must not be the source's.
      const extensions = await place.admin<{ name: string }[]>`
        SELECT extname AS name FROM pg_extension WHERE extnamespace = 'public'::regnamespace`;
      for (const { name } of extensions)
        await place.admin.unsafe(`ALTER EXTENSION "${name}" SET SCHEMA extensions`);
      await place.admin.unsafe(`ALTER SCHEMA public RENAME TO ${source}`);
      await place.admin.unsafe('GRANT USAGE ON SCHEMA extensions TO PUBLIC');
      await expectSameDump(place, source);
    }),
);
