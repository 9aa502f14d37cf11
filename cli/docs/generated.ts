/** Files generated from code. `npm run generate` writes them; a test compares them. */
import { openApiDocument } from '../../api/contract/document.js';
import { packageVersion } from '../../platform/project-root.js';
import { GROUPS } from '../groups.js';
import { parameterTable } from './addresses.js';
import { limitTable } from './limits.js';
import { exampleSections, variableTable } from './connect.js';
import { errorsPage } from './errors.js';
import { commandReference } from './reference.js';
import { configurationTable } from './variables.js';

const ADDRESSES = 'docs/addresses.md';
const GUIDE = 'docs/sandbox-guide.md';
const CONNECT = 'docs/connect.md';
const ISOLATION = 'docs/isolation.md';
const END = '<!-- end of what is generated -->';

/**
 * Path from the root → text. `read` gives the current file: some pages are generated only in part.
 */
export function generatedFiles(read: (path: string) => string): ReadonlyMap<string, string> {
  return new Map([
    ['docs/errors.md', errorsPage()],
    ['docs/openapi.json', `${JSON.stringify(openApiDocument(packageVersion()), null, 2)}\n`],
    [
      GUIDE,
      withParts(GUIDE, read(GUIDE), {
        'the configuration': `${configurationTable()}\n`,
        'the command reference': commandReference(GROUPS),
      }),
    ],
    [
      ADDRESSES,
      withParts(ADDRESSES, read(ADDRESSES), { 'the parameters': `${parameterTable()}\n` }),
    ],
    [ISOLATION, withParts(ISOLATION, read(ISOLATION), { 'the limits': `${limitTable()}\n` })],
    [
      CONNECT,
      withParts(CONNECT, read(CONNECT), {
        'the variables': `${variableTable()}\n`,
        'the examples': `${exampleSections(read)}\n`,
      }),
    ],
  ]);
}

/**
 * The page with these parts between their markers, `<!-- generated: NAME (npm run generate) -->`
 * and END.
 */
function withParts(page: string, text: string, parts: Readonly<Record<string, string>>): string {
  let whole = text;
  for (const [name, part] of Object.entries(parts)) {
    const begin = `<!-- generated: ${name} (npm run generate) -->`;
    const before = whole.indexOf(begin);
    const after = whole.indexOf(END, before);
    if (before < 0 || after < 0) throw new Error(`${page} has lost its markers of ${name}`);
    whole = `${whole.slice(0, before + begin.length)}\n\n${part}\n${whole.slice(after)}`;
  }
  return whole;
}
