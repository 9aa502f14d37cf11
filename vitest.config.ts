import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig, type Plugin } from 'vitest/config';

/** Run by commands of their own: what needs tools a bare machine has not, and what records fixtures. */
const SEPARATE = {
  DEPLOY_TOOLS: 'test/**/*.tools.test.ts',
  RECORD_HISTORIES: 'test/system/lifecycle/record-histories.test.ts',
};

const root = dirname(fileURLToPath(import.meta.url));

/**
 * Tests import what `npm run build` made: worker, router and `bd` run the same files as processes of their own, so that
 * one measurement of coverage counts them all (build/coverage.mjs), and what is tested is what is shipped.
 */
const compiled: Plugin = {
  name: 'compiled',
  enforce: 'pre',
  resolveId(source, importer) {
    if (importer === undefined || !/^\.\.?\//.test(source)) return null;
    const path = relative(root, resolve(dirname(importer), source));
    if (/^(\.\.|test\/|node_modules\/|dist\/)/.test(path) || !path.endsWith('.js')) return null;
    const file = join(root, 'dist', path);
    return existsSync(file) ? file : null;
  },
};

export default defineConfig({
  plugins: [compiled],
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [
      ...configDefaults.exclude,
      ...Object.entries(SEPARATE)
        .filter(([name]) => process.env[name] !== '1')
        .map(([, files]) => files),
    ],
    globalSetup: ['test/stack-for-tests.ts'],
    setupFiles: ['test/coverage-of-tests.ts'],
    // A trace names the source, not the compiled file.
    execArgv: ['--enable-source-maps'],
    server: { deps: { external: [/\/dist\//] } },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // One stack for all of them; a whole run has two, side by side (build/halves.mjs).
    maxWorkers: 2,
    fileParallelism: false,
  },
});
