// npm's `prepare`: builds. Not where npx links this checkout into its cache, the first time that `npx bd` is typed in it: that would
// build again what `npm ci` has built, for many seconds and without a word.
import { existsSync } from 'node:fs';
import { npm } from './installed.mjs';

const built = existsSync(new URL('../dist/cli/main.js', import.meta.url));
if (process.env.npm_command !== 'exec' || !built) npm('run', 'build');
