import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/stack-for-tests.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two cores: files side by side would only measure each other.
    maxWorkers: 2,
    fileParallelism: false,
  },
});
