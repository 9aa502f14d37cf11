// Makes `npx bd` work in the checkout. npm links the programs of dependencies, not the project's
// own.
import { chmodSync, existsSync, mkdirSync, symlinkSync, unlinkSync } from 'node:fs';

const bin = new URL('../node_modules/.bin/', import.meta.url);
chmodSync(new URL('../dist/cli/main.js', import.meta.url), 0o755);
if (existsSync(new URL('../node_modules/', import.meta.url))) {
  mkdirSync(bin, { recursive: true });
  const link = new URL('bd', bin);
  try {
    unlinkSync(link);
  } catch {
    // The link did not exist.
  }
  symlinkSync('../../dist/cli/main.js', link);
}
