/** A file that a comment or a page cites exists in this repository. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../../../platform/project-root.js';

const root = projectRoot();
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
}).split('\n');
const paths = new Set(tracked);
const names = new Set(tracked.map((path) => posix.basename(path)));

/** Words that look like our files, and are not. */
const OTHERS = new Set([
  // Products.
  ...['Node.js', 'nats.js', 'postgres.js', 'discord.js'],
  // A reader's own files, and code.
  ...['bot.js', 'bot.mjs', 'message.json', 'context.sql', 'setup.json'],
  // Files of the local stack's home, and of nats-server's source.
  ...['stack.json', 'data/format.json', 'errors.json'],
]);
const CITATION =
  /(?<![\w/.:@-])((?:[\w.-]+\/)*[\w-]+(?:\.[\w-]+)*\.(?:ts|md|sql|mjs|js|json|ya?ml|tf))(?![\w-])/g;

/** The prose of a line: all of it in a page, only the comment in code. */
function proseOf(path: string, line: string): string {
  if (path.endsWith('.md') || /^\s*(?:\/\/|\/?\*|--|#)/.test(line)) return line;
  return /(?:\/\/|\/\*\*|--|#) .*$/.exec(line)?.[0] ?? '';
}

/** `file:line: citation` for each dead citation. */
export function deadCitations(path: string, text: string): string[] {
  return text.split('\n').flatMap((line, i) =>
    [...proseOf(path, line).matchAll(CITATION)]
      .map(([, cited = '']) => cited)
      .filter((cited) => !leadsSomewhere(path, cited))
      .map((cited) => `${path}:${i + 1}: ${cited}`),
  );
}

function leadsSomewhere(from: string, cited: string): boolean {
  // A built file has the path of its source.
  const source = cited.replace(/^dist\//, '').replace(/\.js$/, '.ts');
  if (OTHERS.has(cited) || cited === 'dist/workflow-bundle.js') return true;
  if (!cited.includes('/') && names.has(cited)) return true;
  const folder = posix.dirname(from);
  const places = [cited, source, posix.join(folder, cited), posix.join(folder, source)];
  return places.some((place) => paths.has(place));
}

describe('a citation', () => {
  const read = tracked.filter(
    (path) =>
      /\.(?:ts|mjs|cjs|sql|md|ya?ml|tf)$/.test(path) && path !== 'test/unit/docs/citations.test.ts',
  );

  it('names a file of this repository', () => {
    const dead = read.flatMap((path) =>
      deadCitations(path, readFileSync(join(root, path), 'utf8')),
    );
    expect(read.length).toBeGreaterThan(300);
    expect(dead).toEqual([]);
  });

  it.each([
    ['a.ts', '// as measured (no-such-page.md 14)', 'no-such-page.md'],
    ['a.ts', 'const a = 1; // see sql/999_nothing.sql', 'sql/999_nothing.sql'],
    ['sql/a.sql', '-- domain/nowhere.ts decides', 'domain/nowhere.ts'],
    ['docs/a.md', 'see [it](docs/nowhere.md)', 'docs/nowhere.md'],
  ])('to a missing file is found: in %s, %s', (path, text, cited) => {
    expect(deadCitations(path, text)).toEqual([`${path}:1: ${cited}`]);
  });

  it('is not taken from a string of code', () => {
    expect(deadCitations('a.ts', "import x from './nowhere.js';")).toEqual([]);
  });
});
