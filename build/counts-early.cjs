// Preloaded (build/test.mjs) into the Node processes of a measured run: writes V8's counts now and
// then. Node writes them only at exit, so code of a process that ends by `kill -9` would count as
// not run. V8 restarts its counts after each write, and build/coverage.mjs adds the parts.
const { join } = require('node:path');
const { takeCoverage } = require('node:v8');

const FIRST_MS = 1_000;
// Each write stops a worker for about 20 ms and takes 4 MB (a router 6 ms, 0.8 MB). So the pauses
// grow.
const LONGEST_MS = 32_000;

// Only our own processes: npm, vitest and their helpers are not measured. `bd` ends before the
// first write.
const ours = process.argv[1]?.startsWith(join(__dirname, '../dist/')) === true;
if (ours && process.env.NODE_V8_COVERAGE) later(FIRST_MS);

function later(millis) {
  setTimeout(() => {
    takeCoverage();
    later(Math.min(2 * millis, LONGEST_MS));
  }, millis).unref();
}
