import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generatedFiles } from '../../../cli/docs/generated.js';
import { CONFIG_VARIABLES } from '../../../platform/config.js';
import { projectRoot } from '../../../platform/project-root.js';

const root = projectRoot();
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** Anchors as GitHub makes them. */
const anchorsOf = (text: string): Set<string> =>
  new Set([
    ...[...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
    ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id),
  ]);

describe('the documentation', () => {
  it.each([...generatedFiles(read)])(
    '%s has the content of the code (npm run generate)',
    (path, text) => {
      expect(read(path)).toBe(text);
    },
  );

  it('has no dead link', () => {
    const dead: string[] = [];
    for (const page of pages) {
      const text = read(page).replace(/```[^]*?```/g, '');
      for (const [, link = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(link)) continue;
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? page : relative(root, resolve(root, dirname(page), path));
        const whole = join(root, target);
        const there =
          existsSync(whole) && (anchor === undefined || anchorsOf(read(target)).has(anchor));
        if (!there) dead.push(`${page}: ${link}`);
      }
    }
    expect(dead).toEqual([]);
  });

  it('names only existing files and folders in its tables of places', () => {
    const [, tables = ''] = read('docs/README.md').split('## Where to find it');
    const paths = tables.match(/(?<=`)[a-z]+(?:\/[\w.-]*)+(?=`)|(?<=`)index\.ts(?=`)/g) ?? [];
    expect(paths.length).toBeGreaterThan(30);
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('explains every variable that the configuration reads', () => {
    const names = CONFIG_VARIABLES;
    expect(names.length).toBeGreaterThan(20);
    const guide = read('docs/sandbox-guide.md');
    expect(names.filter((name) => !guide.includes(`\`${name}\``))).toEqual([]);
  });

  it('names an existing test in every row of the failure matrix', () => {
    const rows = [...read('docs/routing.md').matchAll(/^\|.+\| `(.+)` \| `(test\/.+)` \|$/gm)];
    expect(rows.length).toBeGreaterThan(25);
    const source = (path: string): string => read(path).replaceAll("\\'", "'");
    const missing = rows.filter(([, name = '', path = '']) => !source(path).includes(name));
    expect(missing.map(([row]) => row)).toEqual([]);
  });

  it('names an existing test for every subject of the plan', () => {
    const rows = read('docs/plan.md').match(/^\|(?! (?:---|from|what)).*$/gm) ?? [];
    expect(rows.length).toBeGreaterThan(25);
    for (const row of rows) expect(row).toMatch(/`test\/\S+\.test\.ts`|\]\(\w+\.md|npm test/);
    const paths = read('docs/plan.md').match(/(?<=`)test\/\S+\.ts(?=`)/g) ?? [];
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('explains every metric of worker and router', () => {
    const sources = ['activities/metrics.ts', 'router/metrics.ts'].map(read).join('\n');
    const names = sources.match(/'sandbox_[a-z_]+'/g) ?? [];
    const runbook = read('docs/sandbox-runbook.md');
    const told = (name: string): boolean =>
      runbook.includes(name) ||
      runbook.includes(`…${name.slice(name.lastIndexOf('_', name.length - 7))}`);
    const bare = names.map((name) => name.slice(1, -1));
    expect(bare.length).toBeGreaterThan(12);
    expect(bare.filter((name) => !told(name))).toEqual([
      ...['sandbox_router_route_age_seconds', 'sandbox_router_routes'].filter(
        (name) => !told(name),
      ),
    ]);
  });
});
