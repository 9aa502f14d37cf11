// npm's `prepare`: builds. Not when the first `npx bd` links this checkout into npx's cache: that
// would silently repeat the build of `npm ci`, for many seconds.
import { existsSync } from 'node:fs';
import { npm } from './installed.mjs';

const built = existsSync(new URL('../dist/cli/main.js', import.meta.url));
if (process.env.npm_command !== 'exec' || !built) npm('run', 'build');
