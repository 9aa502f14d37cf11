/** The types of the published client are those of docs/openapi.json. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { projectRoot } from '../../../platform/project-root.js';

it('client/schema.ts is what docs/openapi.json says (npm run generate)', async () => {
  const script = pathToFileURL(join(projectRoot(), 'build/client-types.mjs')).href;
  const { CLIENT_TYPES, clientTypes } = (await import(script)) as {
    CLIENT_TYPES: string;
    clientTypes: () => Promise<string>;
  };
  expect(readFileSync(join(projectRoot(), CLIENT_TYPES), 'utf8')).toBe(await clientTypes());
});
