// The types of the published client, from docs/openapi.json: `npm run generate` writes them, test/unit/client compares.
import { readFileSync } from 'node:fs';
import openapiTS, { astToString } from 'openapi-typescript';
import { format, resolveConfig } from 'prettier';

const at = (path) => new URL(`../${path}`, import.meta.url);
export const CLIENT_TYPES = 'client/schema.ts';
const HEAD =
  '/** The types of what travels over the API. Made from docs/openapi.json: `npm run generate`. */';

/** The text of `client/schema.ts`. */
export async function clientTypes() {
  const document = JSON.parse(readFileSync(at('docs/openapi.json'), 'utf8'));
  // A field with a default is optional in a request; the document names each field that an answer always has.
  const nodes = await openapiTS(document, { defaultNonNullable: false });
  const style = await resolveConfig(at(CLIENT_TYPES));
  return format(`${HEAD}\n${astToString(nodes)}`, { ...style, parser: 'typescript' });
}
