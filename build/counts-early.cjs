// Preloaded (build/test.mjs) into the Node processes of a measured run: writes V8's counts while they live. Node itself writes
// them at the end of a process, and a `kill -9` leaves it none: without this what only a killed router or worker had run
// counted as not run. V8 begins anew after each time, and build/coverage.mjs adds the parts up.
const { join } = require('node:path');
const { takeCoverage } = require('node:v8');

const FIRST_MS = 1_000;
// Each time stops a worker for some 20 ms and takes 4 MB (a router 6 ms and 0.8 MB): ever more seldom, therefore.
const LONGEST_MS = 32_000;

// Of our own processes only: npm, vitest and their helpers are not measured. `bd` has ended before the first time.
const ours = process.argv[1]?.startsWith(join(__dirname, '../dist/')) === true;
if (ours && process.env.NODE_V8_COVERAGE) later(FIRST_MS);

function later(millis) {
  setTimeout(() => {
    takeCoverage();
    later(Math.min(2 * millis, LONGEST_MS));
  }, millis).unref();
}
