/** No room on the disk of Postgres while a template is made or applied. */
import { customAlphabet } from 'nanoid';
import { expect, it, onTestFinished } from 'vitest';
import { newSandboxId } from '../../../domain/names.js';
import { delay } from '../../../platform/deadline.js';
import type { Sql } from '../../../platform/postgres.js';
import { leftoversOf } from '../../support/leftovers.js';
import {
  openAdmin,
  openClient,
  someName,
  someOwner,
  stackState,
  until,
} from '../../support/stack.js';
import { openTenantSql } from '../../support/tenant.js';
import { tablesOnSmallDisk, type SmallDisk } from './small-disk.js';

const idLetters = (length: number): string =>
  customAlphabet('abcdefghijklmnopqrstuvwxyz', length)();
const schemaLetters = customAlphabet('abcdefghijklmnopqrstuvwxyz', 10);

/** The first table needs no room, the key of the second one does. */
const TEXT =
  'CREATE TABLE bare (id int); CREATE TABLE keyed (id int CONSTRAINT keyed_key PRIMARY KEY)';

/** Where this user cannot mount a disk: the key's function raises the error of a full one. */
const PRETENDED = `CREATE FUNCTION room() RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
    IF EXISTS (SELECT 1 FROM pg_tables WHERE tablename = 'disk_is_full') THEN
      RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END IF;
    RETURN 1; END $$;
  CREATE TABLE bare (id int); CREATE MATERIALIZED VIEW keyed AS SELECT room()`;

interface Place {
  readonly disk: SmallDisk;
  readonly text: string;
  /** Gives back the room that the text took, so that a reset of it frees none. */
  readonly emptied: string;
}

async function placed(admin: Sql): Promise<Place> {
  const real = await tablesOnSmallDisk(admin);
  if (real !== null) return { disk: real, text: TEXT, emptied: 'DROP TABLE keyed' };
  const mark = `disk_${schemaLetters()}`;
  const drop = async () => {
    await admin.unsafe(`DROP SCHEMA IF EXISTS ${mark} CASCADE`);
  };
  const fill = async () => {
    await admin.unsafe(`CREATE SCHEMA ${mark} CREATE TABLE disk_is_full ()`);
  };
  onTestFinished(drop);
  const emptied = 'DROP MATERIALIZED VIEW keyed';
  return { text: PRETENDED, emptied, disk: { fill, makeRoom: drop } };
}

const schemasWithoutSandbox = (admin: Sql) => admin`
  SELECT nspname FROM pg_namespace n WHERE nspname ~ '^sandbox_sb'
    AND NOT EXISTS (SELECT 1 FROM sandboxes s WHERE 'sandbox_' || s.id = nspname)`;

it('making a template says SANDBOX_005 with the file or the object, and leaves nothing', async () => {
  const [admin, client] = [openAdmin(), openClient()];
  const { disk, text } = await placed(admin);
  const schema = `team_${schemaLetters()}`;
  await admin.unsafe(
    `CREATE SCHEMA ${schema}; SET search_path = ${schema}; ${text}; RESET search_path`,
  );
  onTestFinished(async () => {
    await admin.unsafe(`DROP SCHEMA ${schema} CASCADE`);
  });
  const before = await schemasWithoutSandbox(admin);
  const name = someName();
  const ofFiles = () => client.addTemplate({ name, files: [{ name: 'tables.sql', sql: text }] });
  const ofSchema = () => client.addTemplate({ name, schema });
  await disk.fill();
  await expect(ofFiles()).rejects.toMatchObject({
    code: 'SANDBOX_005',
    message: expect.stringMatching(
      /^tables\.sql: .*(No space left on device|wrote only)/,
    ) as string,
  });
  await expect(ofSchema()).rejects.toMatchObject({
    code: 'SANDBOX_005',
    message: expect.stringMatching(/^cannot create .* keyed.*: .*(No space|wrote only)/) as string,
  });
  expect(await schemasWithoutSandbox(admin)).toEqual(before);
  await expect(client.getTemplate(name)).rejects.toMatchObject({ code: 'SANDBOX_004' });
  await disk.makeRoom();
  expect(await ofFiles()).toMatchObject({ version: 1 });
  expect(await ofSchema()).toMatchObject({ version: 2 });
  expect(await schemasWithoutSandbox(admin)).toEqual(before);
  await client.removeTemplate(name);
});

it('a create says SANDBOX_005 with the object and leaves nothing; a reset continues when there is room', async () => {
  const [admin, client] = [openAdmin(), openClient({ SANDBOX_OWNER: someOwner() })];
  const { disk, text, emptied } = await placed(admin);
  const template = someName();
  await client.addTemplate({ name: template, files: [{ name: '1.sql', sql: text }] });
  const { id } = await client.create({ template });
  const sqlOf = async () =>
    openTenantSql((await client.connection(id)).environment.DATABASE_URL ?? '');
  await (await sqlOf()).query(emptied);
  await disk.fill();
  const sandboxId = newSandboxId(idLetters);
  await expect(client.create({ sandboxId, template })).rejects.toMatchObject({
    code: 'SANDBOX_005',
    message: expect.stringMatching(/cannot create .* keyed/) as string,
  });
  await client.waitUntilDestroyed(sandboxId);
  expect(await leftoversOf(stackState().urls.admin, sandboxId)).toEqual([]);

  let ended = false;
  const resetting = client.reset(id).finally(() => {
    ended = true;
  });
  resetting.catch(() => undefined);
  await until('the status says so', async () =>
    JSON.stringify(await client.status(id)).includes(`template ${template} is not complete`),
  );
  // Long enough for some attempts.
  await delay(2_000);
  expect(ended).toBe(false);
  await disk.makeRoom();
  await resetting;
  expect(await client.status(id)).toMatchObject({ health: 'healthy' });
  const tenant = await sqlOf();
  expect((await tenant.query('SELECT FROM bare')).rowCount).toBe(0);
  await tenant.query('SELECT FROM keyed');
  await tenant.end();
  await client.destroy(id);
  await client.waitUntilDestroyed(id);
  await client.removeTemplate(template);
});
