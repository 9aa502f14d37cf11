/** What a caller may ask a template to be made of. */
import { describe, expect, it } from 'vitest';
import {
  BUILT_IN_TEMPLATE,
  checkSize,
  createSecondsOf,
  MAX_STATEMENTS,
  MAX_TEXT,
  parseTemplateInput,
  parseTemplateName,
  tellCreateTime,
  textOf,
  type AddTemplateOptions,
  type Template,
} from '../../../domain/template.js';
import { HOSTILE } from './hostile.js';

const invalid = (text: string) =>
  expect.objectContaining({
    code: 'SANDBOX_008',
    message: expect.stringContaining(text) as string,
  }) as unknown;
const file = (sql: string, name = 'a.sql') => ({ name, sql });
const statement = (sql: string) => ({ phase: 'graph', kind: 'table', name: 'a', sql });

describe('the name of a template', () => {
  it.each(['a', '0', 'guild-bot', 'a'.repeat(63)])('may be %s', (name) => {
    expect(parseTemplateName(name)).toBe(name);
  });

  it.each(['', '-a', 'a-', 'A', 'a_b', 'a'.repeat(64), 7, null])('may not be %j', (name) => {
    expect(() => parseTemplateName(name)).toThrow(invalid('template'));
  });

  it.each(HOSTILE)('may not be hostile: %j', (name) => {
    expect(() => parseTemplateName(name)).toThrow(invalid('template'));
  });
});

describe('a new template', () => {
  it('of a schema has its name and no files', () => {
    expect(parseTemplateInput({ name: 'team', schema: 'My App' })).toEqual({
      ...{ name: 'team', source: { kind: 'schema', schema: 'My App' }, files: [] },
    });
  });

  it('of files keeps them in their order', () => {
    const files = [file('SELECT 1', 'b.sql'), file('SELECT 2', 'a.sql')];
    expect(parseTemplateInput({ name: 'team', files })).toEqual({
      ...{ name: 'team', source: { kind: 'sql', files: ['b.sql', 'a.sql'] }, files },
    });
  });

  it.each<[string, Omit<AddTemplateOptions, 'name'>, string]>([
    ['of nothing', {}, 'a template is made of a schema, or of SQL files'],
    ['of both', { schema: 'a', files: [file('')] }, 'made of a schema, or of SQL files'],
    ['of a schema without a name', { schema: '' }, 'schema'],
    ['of a schema with NUL in its name', { schema: 'a\0' }, 'schema'],
    ['of a schema with more than 63 bytes', { schema: 'ü'.repeat(32) }, 'schema'],
    ['of no file', { files: [] }, 'files'],
    ['of a file with NUL in it', { files: [file('a\0')] }, 'files'],
    ['of files that are too long', { files: [file('x'.repeat(MAX_TEXT - 4))] }, 'files'],
  ])('%s is refused', (_what, options, text) => {
    expect(() => parseTemplateInput({ name: 'team', ...options })).toThrow(invalid(text));
  });

  it('may have files of just the longest length', () => {
    const sql = 'x'.repeat(MAX_TEXT - 'a.sql'.length);
    expect(parseTemplateInput({ name: 'team', files: [file(sql)] }).files).toEqual([file(sql)]);
  });
});

describe('the statements of a template', () => {
  it('are one text, each with its semicolon', () => {
    expect(textOf([statement('SELECT 1'), statement('SELECT 2')])).toBe('SELECT 1;\n\nSELECT 2;\n');
  });

  it('have a limit in number and in length', () => {
    const many = Array.from({ length: MAX_STATEMENTS }, () => statement('SELECT'));
    expect(() => checkSize(many)).not.toThrow();
    expect(() => checkSize([...many, statement('SELECT')])).toThrow(
      invalid(`${MAX_STATEMENTS + 1} statements`),
    );
    expect(() => checkSize([statement('x'.repeat(MAX_TEXT))])).toThrow(invalid('1 statements'));
  });
});

describe('the time of a create', () => {
  it('is a tenth of a second, and one more for each 100 statements', () => {
    expect([0, 1, 100, 804, 5_000].map(createSecondsOf)).toEqual([0.1, 0.2, 0.2, 1, 5.1]);
  });

  it('is told for a template of more than 200 tables', () => {
    const template = { name: BUILT_IN_TEMPLATE, tables: 200, createSeconds: 1 } as Template;
    expect(tellCreateTime(template)).toBe(null);
    expect(tellCreateTime({ ...template, tables: 201 })).toBe(
      'template arrakis has 201 tables: a create takes about 1 s',
    );
  });
});
