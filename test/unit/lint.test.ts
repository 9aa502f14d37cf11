/**
 * The rooms of docs/architecture.md: lint refuses an import that is not listed there, in any form.
 */
import { join } from 'node:path';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../../platform/project-root.js';

// Rules that need types are left out: they take seconds, and this test does not concern them.
const overrideConfig = [tseslint.configs.disableTypeChecked as object];
const eslint = new ESLint({ cwd: projectRoot(), overrideConfig });

/** The messages of lint about the direction of imports, for a file of that name. */
async function complaints(filePath: string, text: string): Promise<string[]> {
  const [result] = await eslint.lintText(text, { filePath: join(projectRoot(), filePath) });
  const found = result?.messages ?? [];
  expect(found.filter(({ fatal }) => fatal)).toEqual([]);
  return found
    .filter(({ message }) => message.includes('docs/architecture.md'))
    .map(({ message }) => message);
}

const REFUSED = 'store/ may enter only: domain, platform, routing (docs/architecture.md).';

describe('an import of a room that is not listed', () => {
  it.each([
    ['a static import', "import { x } from '../control/control.js';"],
    ['an import for its effect', "import '../control/control.js';"],
    ['an import of a type', "import type { X } from '../control/control.js';"],
    ['an export of it', "export { x } from '../control/control.js';"],
    ['an export of all', "export * from '../control/control.js';"],
    ['import()', "await import('../control/control.js');"],
    ['import() in a function', "const f = async () => (await import('../control/control.js')).x;"],
    ['import() of a template', 'await import(`../control/control.js`);'],
    ['import() of a template with a part', 'await import(`../control/${name}.js`);'],
    ['a type by import()', "type X = import('../control/control.js').X;"],
    ['import = require()', "import x = require('../control/control.js');"],
    ['require()', "const x = require('../control/control.js');"],
    ['./../', "import { x } from './../control/control.js';"],
    ['import() of ./../', "await import('./../control/control.js');"],
    ['a way through a listed room', "import { x } from '../domain/../control/control.js';"],
    ['a way around', "import { x } from './a/../../control/control.js';"],
    ['the tests', "import { x } from '../test/support/stack.js';"],
  ])('is refused as %s', async (_form, text) => {
    expect(await complaints('store/audit.ts', text)).toEqual([REFUSED]);
  });

  it('is refused below a folder of the room', async () => {
    const text = "await import('../../cli/io.js');";
    expect(await complaints('router/wire/link.ts', text)).toEqual([
      'router/ may enter only: domain, discord, platform, routing (docs/architecture.md).',
    ]);
  });
});

it.each([
  ['a room that is listed', "import { x } from '../domain/names.js';"],
  ['import() of a room that is listed', "await import('./../platform/log.js');"],
  ['its own room', "import { x } from '../store/sandboxes.js'; await import('./claim.js');"],
  ['a package whose name is that of a room', "import { x } from 'control/control.js';"],
  ['a path that is computed', 'await import(path);'],
])('an import of %s is allowed', async (_what, text) => {
  expect(await complaints('store/audit.ts', text)).toEqual([]);
});
