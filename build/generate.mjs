// `npm run generate`: writes the files that are generated from code; test/docs compares them.
import { readFileSync, writeFileSync } from 'node:fs';
import { generatedFiles } from '../dist/cli/docs/generated.js';
import { CLIENT_TYPES, clientTypes } from './client-types.mjs';

const at = (path) => new URL(`../${path}`, import.meta.url);
for (const [path, text] of generatedFiles((path) => readFileSync(at(path), 'utf8')))
  writeFileSync(at(path), text);
writeFileSync(at(CLIENT_TYPES), await clientTypes());
