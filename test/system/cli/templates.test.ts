/** `bd template`, and `create` with a template, directly and over HTTP. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { bdHere, type Ran } from '../../support/bd.js';
import { readPage } from '../../support/documented.js';
import { someName, someOwner } from '../../support/stack.js';
import { environmentOf, WAYS } from '../../support/ways.js';

describe.each(WAYS)('bd template, %s', (way) => {
  const [owner, template, name] = [someOwner(), someName(), someName()];
  let env: Record<string, string>;
  let folder: string;
  const run = (...args: string[]): Promise<Ran> => bdHere(args, env);
  const json = async (...args: string[]): Promise<unknown> => {
    const { stdout, stderr, code } = await run(...args, '--json');
    expect([code, stderr]).toEqual([0, '']);
    return JSON.parse(stdout);
  };

  beforeAll(async () => {
    env = await environmentOf(way, owner);
    folder = mkdtempSync(join(tmpdir(), 'bd-template-'));
    writeFileSync(join(folder, '1.sql'), 'CREATE TABLE people (id int PRIMARY KEY);\n');
    writeFileSync(join(folder, '2.sql'), 'CREATE TABLE pets (owner int REFERENCES people);\n');
    writeFileSync(join(folder, 'notes.md'), 'no SQL');
    return async () => {
      await run('sandbox', 'destroy', '--all', '--owner', owner, '--yes');
      await run('template', 'remove', template);
      await rm(folder, { recursive: true });
    };
  });

  it('makes, lists and shows a template of SQL files', async () => {
    const made = await run('template', 'add', template, '--from-sql', folder);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toBe(
      `template ${template}, version 1: 2 SQL files, 2 tables\nbd sandbox create --template ${template}\n`,
    );
    expect(await json('template', 'list')).toContainEqual(
      expect.objectContaining({
        ...{ name: template, version: 1, tables: 2, createdBy: owner, sandboxes: 0 },
        source: { kind: 'sql', files: ['1.sql', '2.sql'] },
      }),
    );
    expect((await run('template', 'list')).stdout).toMatch(new RegExp(`${template}.*2 SQL files`));
    const shown = await run('template', 'show', template);
    expect(shown.stdout).toMatch(/CREATE TABLE "people"[^]*CREATE TABLE "pets"[^]*FOREIGN KEY/);
  });

  it('gives it to a sandbox, and runs a command after the create', async () => {
    const script = `node -p "'schema ' + process.env.SANDBOX_SCHEMA"`;
    const args = ['sandbox', 'create', name, '--template', template, '--then', script];
    const created = await run(...args, '--json');
    expect(created.code, created.stderr).toBe(0);
    const sandbox = JSON.parse(created.stdout) as { schema: string };
    expect(sandbox).toMatchObject({ name, template, templateVersion: 1 });
    expect(created.stderr).toContain(`schema ${sandbox.schema}\n`);
    const health = (await json('sandbox', 'status', name)) as { checks: { detail: string }[] };
    expect(health).toMatchObject({ sandbox: { template, templateVersion: 1 } });
    expect((await run('sandbox', 'status', name)).stdout).toContain(
      `; template ${template}, version 1\n`,
    );
  });

  it('has the fields of the API in its JSON, as the guide says', async () => {
    const document = JSON.parse(readPage('docs/openapi.json')) as {
      components: { schemas: Record<string, { properties: object }> };
    };
    const documented = (schema: string): string[] =>
      Object.keys(document.components.schemas[schema]?.properties ?? {}).sort();
    const fieldsOf = (list: unknown): string[] =>
      Object.keys(
        (list as { name: string }[]).find((one) => one.name === name || one.name === template) ??
          {},
      ).sort();
    expect(fieldsOf(await json('sandbox', 'list'))).toEqual(documented('Sandbox'));
    expect(fieldsOf(await json('template', 'list'))).toEqual(documented('Template'));
  });

  it('leaves the sandbox when the command after the create fails', async () => {
    const other = someName();
    const script = 'echo one; echo two >&2; exit 3';
    const failed = await run('sandbox', 'create', other, '--then', script);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/SANDBOX_005[^]*exit code 3[^]*one[^]*The sandbox stays/);
    expect(await json('sandbox', 'status', other)).toMatchObject({ sandbox: { name: other } });
    const both = await run('sandbox', 'create', '--then', 'true', '--wait=false');
    expect([both.code, both.stdout]).toEqual([2, '']);
  });

  it('says how long a create of many tables takes, before it waits', async () => {
    const [large, made] = [someName(), someName()];
    const table = (n: number): string =>
      `CREATE TABLE t${n} (id int PRIMARY KEY, a int UNIQUE, b int); CREATE INDEX ON t${n} (b);`;
    const sql = Array.from({ length: 201 }, (_, n) => table(n)).join('\n');
    const many = mkdtempSync(join(tmpdir(), 'bd-template-'));
    writeFileSync(join(many, '1.sql'), sql);
    const time = new RegExp(`template ${large} has 201 tables: a create takes about [0-9.]+ s\n`);
    expect((await run('template', 'add', large, '--from-sql', many)).stderr).toMatch(time);
    await rm(many, { recursive: true });
    const created = await run('sandbox', 'create', made, '--template', large);
    expect(created).toMatchObject({ code: 0, stderr: expect.stringMatching(time) as string });
    await run('sandbox', 'destroy', made, '--yes');
    const unsaid = await run('sandbox', 'create', made, '--template', 'arrakis', '--json');
    expect(unsaid).toMatchObject({ code: 0, stderr: '' });
    await run('sandbox', 'destroy', made, '--yes');
    const list = (await json('template', 'list')) as { name: string; createSeconds: number }[];
    const seconds = (of: string) => list.find(({ name: one }) => one === of)?.createSeconds;
    expect(seconds(large)).toBeGreaterThan(seconds('arrakis') ?? NaN);
    await run('template', 'remove', large);
  });

  it('refuses what makes no template', async () => {
    const empty = await run('template', 'add', 'x', '--from-sql', '/proc/sys/no-such-folder');
    expect([empty.code, empty.stdout]).toEqual([2, '']);
    const neither = await run('template', 'add', 'x');
    expect([neither.code, neither.stderr]).toEqual([2, expect.stringContaining('SANDBOX_008')]);
    const unknown = await run('sandbox', 'create', '--template', 'no-such-template');
    expect([unknown.code, unknown.stderr]).toEqual([4, expect.stringContaining('SANDBOX_004')]);
    const builtIn = await run('template', 'remove', 'arrakis');
    expect(builtIn.stderr).toMatch(/SANDBOX_0(08|10)/);
    const refresh = await run('template', 'refresh', template);
    expect([refresh.code, refresh.stderr]).toEqual([5, expect.stringContaining('--from-sql')]);
  });

  it('removes it; a sandbox that has it keeps it', async () => {
    expect(await json('template', 'remove', template)).toMatchObject({ name: template });
    const gone = await run('template', 'show', template);
    expect([gone.code, gone.stdout]).toEqual([4, '']);
    expect((await run('sandbox', 'reset', name, '--yes')).code).toBe(0);
    expect(await json('sandbox', 'status', name)).toMatchObject({ sandbox: { template } });
  });
});
