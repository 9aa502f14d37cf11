/**
 * Finds every command line of the documentation: in `console` and `sh` blocks, and in backquotes.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../platform/project-root.js';

const root = projectRoot();

/** The text of a page; `path` is relative to the project's root. */
export const readPage = (path: string): string => readFileSync(join(root, path), 'utf8');

/** All Markdown of the repository, and the examples' sources: their comments show commands. */
export const pages: readonly string[] = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...filesBelow('docs', '.md'),
  ...filesBelow('examples', '.ts'),
];

function filesBelow(folder: string, end: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(end))
    .map((name) => join(folder, name))
    .sort();
}

export interface Documented {
  /** The line as the page shows it, without its comment. */
  readonly command: string;
  readonly page: string;
  /** The heading above the line. */
  readonly section: string;
  /**
   * A reader types `console` and `sh` lines. `inline` is part of a sentence, perhaps only a name.
   */
  readonly kind: 'console' | 'sh' | 'inline';
}

/**
 * An inline text is a command if its first word is `bd` or a tool with arguments. Assignments may
 * come first.
 */
const TOOLS =
  'npx|npm|node|eval|source|kill|psql|redis-cli|nats|temporal|docker|terraform|kubectl|promtool|curl|git|sh|bash';
const COMMAND = new RegExp(`^(?:[A-Z_]+=\\S* )*(?:bd(?=\\s|$)|(?:${TOOLS})\\s)`);

const withoutComment = (line: string): string => line.replace(/(^|\s+)#\s.*$/, '').trim();

/** The commands of a page, from top to bottom. */
export function documentedOn(page: string): Documented[] {
  const found: Documented[] = [];
  let language: string | null = null;
  let section = '';
  for (const line of readPage(page).split('\n')) {
    const fence = /^```(\w*)/.exec(line);
    if (fence !== null) language = language === null ? (fence[1] ?? '') : null;
    else if (language === null) {
      section = /^#+ (.+)$/.exec(line)?.[1] ?? section;
      for (const [, code = ''] of line.matchAll(/`([^`]+)`/g))
        if (COMMAND.test(code)) found.push({ command: code, page, section, kind: 'inline' });
    } else if (language === 'console' || language === 'sh') {
      const typed = language === 'sh' ? line : line.startsWith('$ ') ? line.slice(2) : '';
      const command = withoutComment(typed);
      if (command !== '') found.push({ command, page, section, kind: language });
    }
  }
  return found;
}

/** The lines that a reader of a section types, in order. */
export const linesOf = (page: string, ...sections: readonly string[]): string[] =>
  documentedOn(page).flatMap(({ command, section, kind }) =>
    kind !== 'inline' && sections.includes(section) ? [command] : [],
  );

/** In a checkout `bd` and `npx bd` are the same command. */
export const withoutNpx = (command: string): string => command.replaceAll(/\bnpx bd\b/g, 'bd');

/** first-day.test.ts types these on a stack of its own: they stop it, kill it, or need it empty. */
export const FIRST_DAY = [
  ['README.md', 'Quickstart for your bot'],
  ['docs/sandbox-runbook.md', 'Manual cleanup'],
  ['docs/sandbox-runbook.md', 'Drills'],
  ['docs/lifecycle.md', 'Rolling deploy'],
  ['docs/sandbox-guide.md', 'Your own bot'],
] as const;
