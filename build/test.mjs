// `npm test`: installs, builds, checks format, lint and types, runs the tests on real servers, and
// prints coverage. Arguments (`npm test -- test/unit/domain`) go to vitest; then checks and
// coverage run only with `--checks` and `--coverage` (a line per file).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installed, run, codeOf } from './installed.mjs';
import { runWhole } from './whole.mjs';

installed();
const asked = process.argv.slice(2);
const args = asked.filter((arg) => arg !== '--checks' && arg !== '--coverage');
const bin = (name) => `node_modules/.bin/${name}`;
const everything = args.length === 0 || asked.includes('--checks');
if (everything) {
  run(bin('prettier'), ['--check', '--log-level', 'warn', '.']);
  run(bin('eslint'), ['.']);
}
if (!everything && !asked.includes('--coverage')) {
  process.exit(codeOf(bin('vitest'), ['run', ...args]));
}
// Ctrl-C ends vitest. Its leftovers are removed afterwards.
const interrupt = new AbortController();
process.on('SIGINT', () => {
  interrupt.abort();
});
const early = fileURLToPath(new URL('counts-early.cjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sandbox-coverage-'));
try {
  const whole = args.every((arg) => arg.startsWith('-'));
  const env = {
    ...process.env,
    // Node passes it on to every process of the tests. It costs about 6 % of their time.
    NODE_V8_COVERAGE: folder,
    // Without it, killed processes would write no counts.
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --require ${JSON.stringify(early)}`,
  };
  process.exitCode = whole
    ? await runWhole(args, env, interrupt.signal)
    : codeOf(bin('vitest'), ['run', ...args], env);
  if (!interrupt.signal.aborted) await tellCoverage(whole);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function tellCoverage(whole) {
  const { measure, report, shortfalls } = await import('./coverage.mjs');
  const map = await measure(folder);
  console.log(report(map, { files: asked.includes('--coverage') }));
  for (const shortfall of whole ? shortfalls(map) : []) {
    console.error(shortfall);
    process.exitCode = 1;
  }
}
