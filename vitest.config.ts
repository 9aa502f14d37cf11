import { configDefaults, defineConfig } from 'vitest/config';

/** Run by commands of their own: what needs tools a bare machine has not, and what records fixtures. */
const SEPARATE = {
  DEPLOY_TOOLS: 'test/**/*.tools.test.ts',
  RECORD_HISTORIES: 'test/lifecycle/record-histories.test.ts',
};

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [
      ...configDefaults.exclude,
      ...Object.entries(SEPARATE)
        .filter(([name]) => process.env[name] !== '1')
        .map(([, files]) => files),
    ],
    globalSetup: ['test/stack-for-tests.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two cores: files side by side would only measure each other.
    maxWorkers: 2,
    fileParallelism: false,
    // `npm test -- --coverage`: of what runs in the tests' own process; worker, router and bd are processes of their own.
    coverage: {
      provider: 'v8',
      include: [
        '{activities,cli,client,context,deploy,domain,migrate,platform,resources,router,store,workers,workflows}/**/*.ts',
      ],
      exclude: ['test/**'],
      reporter: ['text', 'json-summary'],
    },
  },
});
