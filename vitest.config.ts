import { existsSync } from 'node:fs';
import { delimiter, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig, type Plugin } from 'vitest/config';
import LongestFirst from './build/longest-first.mjs';

/** Run by commands of their own: what needs tools a bare machine has not, and what records fixtures. */
const SEPARATE = {
  DEPLOY_TOOLS: 'test/**/*.tools.test.ts',
  POSTGRES_SERVERS: 'test/system/catalogue/*.servers.test.ts',
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

const UNIT_WORKERS = 2;
const HOMES = process.env.SANDBOX_TEST_HOMES?.split(delimiter).length ?? 1;

const FRESH = 'build/fresh.mjs';
const exclude = [
  ...configDefaults.exclude,
  ...Object.entries(SEPARATE)
    .filter(([name]) => process.env[name] !== '1')
    .map(([, files]) => files),
];

export default defineConfig({
  plugins: [compiled],
  test: {
    setupFiles: ['test/coverage-of-tests.ts'],
    sequence: { sequencer: LongestFirst },
    // A trace names the source, not the compiled file.
    execArgv: ['--enable-source-maps'],
    server: { deps: { external: [/\/dist\//] } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          globalSetup: [FRESH],
          testTimeout: 30_000,
          maxWorkers: UNIT_WORKERS,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          exclude,
          globalSetup: [FRESH, 'test/stack-for-tests.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // A file at a time on each stack: one, or the two of a whole run (build/whole.mjs).
          maxWorkers: HOMES,
          // Beside the unit tests in a whole run: where a group of tests follows another one, vitest 4.1 may give two workers
          // the same VITEST_POOL_ID (Pool.setMaxWorkers), and both would use one stack.
          sequence: { groupOrder: HOMES === UNIT_WORKERS ? 0 : 1 },
        },
      },
    ],
  },
});
