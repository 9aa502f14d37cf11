/** The files of the repository that are made from the code: `npm run generate` writes them, a test compares. */
import { GROUPS } from '../groups.js';
import { withParameters } from './addresses.js';
import { errorsPage } from './errors.js';
import { commandReference } from './reference.js';

const ADDRESSES = 'docs/addresses.md';
const GUIDE = 'docs/sandbox-guide.md';
const BEGIN = '<!-- generated: the command reference (npm run generate) -->';
const END = '<!-- end of what is generated -->';

/** Path from the root → text. `read` gives a file as it is: of guide and addresses only one part is generated. */
export function generatedFiles(read: (path: string) => string): ReadonlyMap<string, string> {
  return new Map([
    ['docs/errors.md', errorsPage()],
    [GUIDE, withReference(read(GUIDE))],
    [ADDRESSES, withParameters(read(ADDRESSES))],
  ]);
}

function withReference(guide: string): string {
  const [before, after] = [guide.indexOf(BEGIN), guide.indexOf(END)];
  if (before < 0 || after < before) throw new Error(`${GUIDE} has lost its markers`);
  return `${guide.slice(0, before + BEGIN.length)}\n\n${commandReference(GROUPS)}\n${guide.slice(after)}`;
}
