// `npm run demo`: needs only Node and npm.
import { installed, run } from './installed.mjs';

installed();
run(process.execPath, ['dist/demo/main.js', ...process.argv.slice(2)]);
