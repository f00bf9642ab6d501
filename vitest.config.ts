import { defineConfig } from 'vitest/config';

/** Tests that drive real servers and browsers run one file after the other: they share two cores. */
const inSequence = { fileParallelism: false, maxWorkers: 1 };

export default defineConfig({
  test: {
    retry: 0,
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      {
        test: {
          name: 'contract',
          include: ['test/contract/**/*.test.ts'],
          ...inSequence,
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          ...inSequence,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'bench',
          include: ['bench/**/*.bench.ts'],
          ...inSequence,
          testTimeout: 900_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
