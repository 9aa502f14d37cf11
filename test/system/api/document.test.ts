/** `/openapi.json`, and `/reference`, which shows it without anything from outside. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROUTES } from '../../../api/contract/routes.js';
import { projectRoot } from '../../../platform/project-root.js';
import { apiUrl, ask } from '../../support/api.js';

describe('the document', () => {
  it('that is served is docs/openapi.json', async () => {
    const served = await ask('GET /openapi.json');
    const kept = readFileSync(join(projectRoot(), 'docs/openapi.json'), 'utf8');
    expect(served.body).toEqual(JSON.parse(kept));
  });

  it('names every route that is served, and no other', async () => {
    const { paths } = (await ask('GET /openapi.json')).body as {
      paths: Record<string, Record<string, unknown>>;
    };
    const named = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    const served = Object.values(ROUTES).map(({ method, path }) => `${method} ${path}`);
    expect(named.sort()).toEqual(served.sort());
    for (const line of served) {
      const [method = '', path = ''] = line.split(' ');
      const asked = await ask(`${method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, 'x')}`);
      expect([line, asked.status]).toEqual([line, 401]);
    }
  });
});

describe('the reference', () => {
  it('loads its own files alone', async () => {
    const page = await fetch(`${apiUrl()}/reference`);
    const text = await page.text();
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/default-src 'none'/);
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    const files = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file = '']) => file);
    expect(files.length).toBeGreaterThan(3);
    for (const file of files.filter((name) => name !== 'data:,')) {
      expect(file).toMatch(/^\/reference\//);
      const asked = await fetch(apiUrl() + file);
      expect([file, asked.status]).toEqual([file, 200]);
      expect(asked.headers.get('content-type')).toMatch(/charset=utf-8/);
    }
  });

  it.each(['/reference/../package.json', '/reference/%2e%2e/package.json', '/reference/.git'])(
    'gives no other file: %s',
    async (path) => {
      expect((await fetch(apiUrl() + path)).status).toBe(404);
    },
  );
});
