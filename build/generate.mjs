// `npm run generate`: writes the files that are generated from code; test/docs compares them.
import { readFileSync, writeFileSync } from 'node:fs';
import { generatedFiles } from '../dist/cli/docs/generated.js';

const at = (path) => new URL(`../${path}`, import.meta.url);
for (const [path, text] of generatedFiles((path) => readFileSync(at(path), 'utf8')))
  writeFileSync(at(path), text);
