/**
 * The OpenAPI 3.1 document, made from the table of routes. `npm run generate` writes it to
 * docs/openapi.json.
 */
import { OpenAPIHono } from '@hono/zod-openapi';
import { ROUTES } from './routes.js';

/** @param version of the package */
export function openApiDocument(version: string): object {
  const app = new OpenAPIHono();
  app.openAPIRegistry.registerComponent('securitySchemes', 'token', {
    ...{ type: 'http', scheme: 'bearer', bearerFormat: 'sbx_<kind>_<id>_<secret>' },
    description: 'A token of `bd token create`. Never in the query string.',
  });
  for (const route of Object.values(ROUTES)) app.openAPIRegistry.registerPath(route);
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      ...{ title: 'Discord server sandboxes', version },
      description: 'Sandboxes, their guilds, events and credentials. Errors: docs/errors.md.',
    },
    security: [{ token: [] }],
  });
}
