// Coverage of our code in all processes: vitest, and its workers, routers, stacks and `bd`s. Each
// Node process writes V8's counts into one folder (NODE_V8_COVERAGE). This adds them per compiled
// file and maps them to the source. Workflows count in the bundle, as the workers run it.
import { mergeScriptCovs } from '@bcoe/v8-coverage';
import { convert } from 'ast-v8-to-istanbul';
import coverage from 'istanbul-lib-coverage';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseAstAsync } from 'vitest/node';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const BUNDLE = join(dist, 'workflow-bundle.js');
/** Tests, benchmarks, programs to look at, and what only the tests and `emit` read. Every other room counts. */
const LEFT_OUT = ['bench', 'demo', 'examples', 'fixtures', 'test'];
/** Build steps: `npm run build` runs them before counting. */
const BUILD_STEPS = ['dist/workers/bundle.js'];

const countedRooms = () =>
  readdirSync(dist, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !LEFT_OUT.includes(entry.name))
    .map(({ name }) => name);

function compiledFiles() {
  const files = countedRooms().flatMap((room) =>
    readdirSync(join(dist, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.js'))
      .map((name) => join(dist, room, name)),
  );
  // These count in the bundle. The client imports only messages from the plain files.
  const counted = files.filter((path) => !path.startsWith(join(dist, 'workflows/')));
  return [...counted, BUNDLE].filter((path) => !BUILD_STEPS.includes(relative(root, path)));
}

/** The counts of each process, by compiled file. */
function countsIn(folder) {
  const counts = new Map(compiledFiles().map((path) => [pathToFileURL(path).href, []]));
  for (const name of readdirSync(folder)) {
    let result;
    try {
      ({ result } = JSON.parse(readFileSync(join(folder, name), 'utf8')));
    } catch {
      continue; // Its process was killed while it wrote.
    }
    for (const script of result) counts.get(script.url)?.push(script);
  }
  return counts;
}

const never = (url, code) => ({
  scriptId: '0',
  url,
  functions: [
    {
      functionName: '',
      isBlockCoverage: false,
      ranges: [{ startOffset: 0, endOffset: code.length, count: 0 }],
    },
  ],
});

/** The last match: libraries in a bundle contain the word too. */
function sourceMapOf(path, code) {
  const [, where = ''] = [...code.matchAll(/^\/\/# sourceMappingURL=(\S+)$/gm)].at(-1) ?? [];
  const inline = where.indexOf(';base64,');
  return JSON.parse(
    inline === -1
      ? readFileSync(join(dirname(path), where), 'utf8')
      : Buffer.from(where.slice(inline + 8), 'base64').toString(),
  );
}

/**
 * V8 does not count default values: it reports each as used with its function. As branches all
 * would be covered, so they are left out.
 */
function withoutDefaults(data) {
  for (const [id, { type }] of Object.entries(data.branchMap)) {
    if (type !== 'default-arg') continue;
    delete data.branchMap[id];
    delete data.b[id];
  }
  return data;
}

async function sourcesOf(url, scripts) {
  const path = fileURLToPath(url);
  const code = readFileSync(path, 'utf8');
  return convert({
    sourceMap: sourceMapOf(path, code),
    ast: parseAstAsync(code),
    code,
    wrapperLength: 0,
    coverage: mergeScriptCovs(scripts) ?? never(url, code),
  });
}

export async function measure(folder) {
  const map = coverage.createCoverageMap({});
  for (const [url, scripts] of countsIn(folder)) {
    const inBundle = url.endsWith('/workflow-bundle.js');
    const wanted = inBundle ? join(root, 'workflows/') : root;
    for (const [path, data] of Object.entries(await sourcesOf(url, scripts)))
      if (path.startsWith(wanted) && existsSync(path)) map.merge({ [path]: withoutDefaults(data) });
  }
  return map;
}

const percent = ({ pct }) => (typeof pct === 'number' ? pct : 100).toFixed(1).padStart(6);

/** Percent of lines and of branches that a whole run must reach. */
const LEAST = 90;

/** Problems of a whole run's coverage, in words; empty if there are none. */
export function shortfalls(map) {
  const summary = map.getCoverageSummary();
  return ['lines', 'branches']
    .filter((kind) => summary[kind].pct < LEAST)
    .map(
      (kind) =>
        `Only ${summary[kind].pct.toFixed(2)} % of the ${kind} were run, ${LEAST} % must be. \`npm test -- --coverage --checks\` lists those that were not: test what they do, or take away what nothing can reach.`,
    );
}

/** Lines with a branch that no test takes. */
function uncoveredBranches({ b, branchMap }) {
  const missed = Object.entries(b).filter(([, counts]) => counts.some((count) => count <= 0));
  return [...new Set(missed.map(([id]) => branchMap[id].loc.start.line))].sort((x, y) => x - y);
}

/**
 * A line per folder and one for all; `files`: also one per file, with its uncovered lines and
 * branches.
 */
export function report(map, { files = false } = {}) {
  const all = coverage.createCoverageSummary();
  const rooms = new Map(countedRooms().map((room) => [room, coverage.createCoverageSummary()]));
  const lines = [];
  for (const path of map.files().sort()) {
    const summary = map.fileCoverageFor(path).toSummary();
    const name = relative(root, path);
    all.merge(summary);
    rooms.get(name.split('/')[0])?.merge(summary);
    const missed = map.fileCoverageFor(path).getUncoveredLines().join(',');
    const branches = uncoveredBranches(map.fileCoverageFor(path).data).join(',');
    lines.push(
      `${name.padEnd(44)}${percent(summary.lines)}${percent(summary.branches)}  ${missed} / ${branches}`,
    );
  }
  const row = (name, summary) =>
    `  ${name.padEnd(12)}${percent(summary.lines)}   ${percent(summary.branches)}`;
  return [
    ...(files ? [...lines, ''] : []),
    'Coverage, %    lines   branches',
    ...[...rooms].map(([room, summary]) => row(room, summary)),
    row('all', all),
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const map = await measure(process.argv[2]);
  if (process.argv[3]) writeFileSync(process.argv[3], JSON.stringify(map));
  console.log(report(map, { files: true }));
}
