// `npm test`: installs and builds, checks format, lint and types, then runs the tests on the real servers.
// With arguments (`npm test -- test/domain`) they go to vitest and the checks are left out, unless `--checks` is among them.
import { installed, run } from './installed.mjs';

installed();
const args = process.argv.slice(2).filter((arg) => arg !== '--checks');
const bin = (name) => `node_modules/.bin/${name}`;
if (args.length === 0 || args.length !== process.argv.length - 2) {
  run(bin('prettier'), ['--check', '--log-level', 'warn', '.']);
  run(bin('eslint'), ['.']);
}
run(bin('vitest'), ['run', ...args]);
