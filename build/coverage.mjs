// What the tests have run of our code, in all processes: vitest's own, and the workers, routers, stacks and `bd`s it started.
// Each Node process leaves V8's counts in one folder (NODE_V8_COVERAGE); those of one compiled file are added up, and told of
// its source. Workflows are counted in the bundle, as the workers' sandboxes (vm, in a thread) have run it. Of a process that
// was ended by kill -9 counts what it had done some seconds before (build/counts-early.cjs).
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
/** Left out: tests, benchmarks and what only records fixtures. */
const ROOMS = [
  ...['activities', 'cli', 'context', 'control', 'deploy', 'discord', 'domain', 'migrate'],
  ...['platform', 'resources', 'router', 'store', 'workers', 'workflows'],
];
/** Build steps: run by `npm run build`, before anything is counted. */
const BUILD_STEPS = ['dist/workers/bundle.js'];

function compiledFiles() {
  const files = ROOMS.flatMap((room) =>
    readdirSync(join(dist, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.js'))
      .map((name) => join(dist, room, name)),
  );
  // Counted in the bundle; the plain files are what the client imports the messages from.
  const counted = files.filter((path) => !path.startsWith(join(dist, 'workflows/')));
  return [...counted, BUNDLE].filter((path) => !BUILD_STEPS.includes(relative(root, path)));
}

/** By compiled file, what each process has counted of it. */
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

/** The last one counts: a bundle has the word in its libraries, too. */
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
 * V8 counts no default values: of each it says that it was used when its function was called. As branches they would all be
 * covered, so they are none here.
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

/** Of lines and of branches, in per cent: what a whole run of the tests must reach. */
const LEAST = 90;

/** What is wrong with a whole run's coverage, in words; empty where nothing is. */
export function shortfalls(map) {
  const summary = map.getCoverageSummary();
  return ['lines', 'branches']
    .filter((kind) => summary[kind].pct < LEAST)
    .map(
      (kind) =>
        `Only ${summary[kind].pct.toFixed(2)} % of the ${kind} were run, ${LEAST} % must be. \`npm test -- --coverage --checks\` lists those that were not: test what they do, or take away what nothing can reach.`,
    );
}

/** Lines of a file with a branch that no test has taken. */
function uncoveredBranches({ b, branchMap }) {
  const missed = Object.entries(b).filter(([, counts]) => counts.some((count) => count <= 0));
  return [...new Set(missed.map(([id]) => branchMap[id].loc.start.line))].sort((x, y) => x - y);
}

/** A line for each room, and one for all; `files`: also for each file, with the lines and branches that no test has run. */
export function report(map, { files = false } = {}) {
  const all = coverage.createCoverageSummary();
  const rooms = new Map(ROOMS.map((room) => [room, coverage.createCoverageSummary()]));
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
