/** `npm run demo` and `npm test` install only where `npm ci` has not: by npm's own record, `node_modules/.package-lock.json`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { projectRoot } from '../../../platform/project-root.js';

type Packages = Record<string, { version?: string; integrity?: string; optional?: boolean }>;
const { asLocked } = (await import(
  pathToFileURL(join(projectRoot(), 'build/installed.mjs')).href
)) as { asLocked: (wanted: Packages, installed: Packages) => boolean };

const recorded = (file: string): Packages =>
  (JSON.parse(readFileSync(join(projectRoot(), file), 'utf8')) as { packages: Packages }).packages;

it('what `npm ci` has installed is as the lock file wants it, without a second installation', () => {
  const wanted = recorded('package-lock.json');
  const installed = recorded('node_modules/.package-lock.json');
  expect(asLocked(wanted, installed)).toBe(true);
  const { 'node_modules/ms': ms, ...rest } = installed;
  expect(asLocked(wanted, rest)).toBe(false);
  expect(asLocked(wanted, { ...rest, 'node_modules/ms': { ...ms, version: '0.0.1' } })).toBe(false);
  expect(asLocked(wanted, { ...installed, 'node_modules/more': { version: '1.0.0' } })).toBe(false);
  expect(asLocked(wanted, {})).toBe(false);
});

it('the demo is made of nothing that belongs to the tests', () => {
  for (const file of ['main', 'flood', 'ledger', 'leftovers', 'report', 'route-latency'])
    expect(readFileSync(join(projectRoot(), `demo/${file}.ts`), 'utf8')).not.toMatch(
      /from '.*test\//,
    );
});
