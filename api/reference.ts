/**
 * `/openapi.json`, and the page `/reference` that shows it. Every file is ours or the package's:
 * the page loads nothing from other hosts.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Hono } from 'hono';
import type { Bindings } from './call.js';
import { openApiDocument } from './contract/document.js';

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Discord server sandboxes: API</title>
<link rel="stylesheet" href="/reference/swagger-ui.css">
<link rel="icon" href="data:,">
<div id="reference"></div>
<script src="/reference/swagger-ui-bundle.js"></script>
<script src="/reference/start.js"></script>
</html>
`;

const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#reference', deepLinking: true });\n`;

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const SCRIPT = 'text/javascript; charset=utf-8';

export function addReference(app: Hono<Bindings>, version: string): void {
  const document = JSON.stringify(openApiDocument(version));
  const file = packaged();
  const files: Readonly<Record<string, readonly [type: string, text: () => string]>> = {
    '/openapi.json': ['application/json; charset=utf-8', () => document],
    '/reference': ['text/html; charset=utf-8', () => PAGE],
    '/reference/start.js': [SCRIPT, () => START],
    '/reference/swagger-ui-bundle.js': [SCRIPT, () => file('swagger-ui-bundle.js')],
    '/reference/swagger-ui.css': ['text/css; charset=utf-8', () => file('swagger-ui.css')],
  };
  for (const [path, [type, text]] of Object.entries(files)) {
    app.get(path, (http) =>
      http.body(text(), 200, { 'content-type': type, 'content-security-policy': POLICY }),
    );
  }
}

/** Files of swagger-ui-dist, each read on its first use. */
function packaged(): (name: string) => string {
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  const read = new Map<string, string>();
  return (name) => {
    const text = read.get(name) ?? readFileSync(join(folder, name), 'utf8');
    read.set(name, text);
    return text;
  };
}
