import { defineConfig } from 'vitest/config';

const unitTests = '**/*.unit.test.ts';
const longTests = '**/*.long.test.ts';
const elsewhere = ['**/node_modules/**', 'dist/**', 'data/**'];

// `--mode long` runs the long proofs instead of the everyday suite.
export default defineConfig(({ mode }) => ({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    fileParallelism: true,
    testTimeout: 30_000,
    hookTimeout: 120_000,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['**/*.test.ts', '**/*.fixture.ts'],
      reporter: ['text-summary', 'html', 'lcov'],
    },
    projects: mode === 'long' ? [long] : [unit, api],
  },
}));

/** Rules of pure functions: no database, no server. */
const unit = {
  extends: true as const,
  test: {
    name: 'unit',
    include: [`src/${unitTests}`, `test/${unitTests}`, `cli/${unitTests}`, `bench/${unitTests}`],
    exclude: elsewhere,
  },
};

/** Everything that runs against a real database. */
const api = {
  extends: true as const,
  test: {
    name: 'api',
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: [...elsewhere, unitTests, longTests],
    globalSetup: ['test/global-setup.ts'],
  },
};

/** The proofs at full volume, hours rather than minutes. */
const long = {
  extends: true as const,
  test: {
    name: 'long',
    include: [`src/${longTests}`, `test/${longTests}`],
    exclude: elsewhere,
    globalSetup: ['test/global-setup.ts'],
    testTimeout: 3_600_000,
  },
};
