import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Unit tests lie beside their source, everything that needs a database or processes under test/.
    include: ['{core,client,cli,edge,adapters,bench}/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['test/support/globalSetup.ts'],
    // Forks, for tests that kill, chdir or count descriptors; two, since the machine has two cores and a database.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
