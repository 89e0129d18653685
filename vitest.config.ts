import { createRequire } from 'node:module'
import { defineConfig } from 'vitest/config'

// graphql 17 has a `development` export condition that Vite follows and Node does not; without this
// alias two copies are loaded and every schema is "from another module or realm".
const graphql = createRequire(import.meta.url).resolve('graphql/index.js')

/** What `npm run check` runs too: needs no server. */
const checks = ['test/architecture.test.ts', 'test/schema.test.ts']

export default defineConfig({
  resolve: { alias: [{ find: /^graphql$/, replacement: graphql }] },
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'check', include: checks } },
      {
        extends: true,
        test: {
          name: 'servers',
          include: ['test/**/*.test.ts'],
          exclude: checks,
          globalSetup: ['test/global-setup.ts'],
        },
      },
    ],
  },
})
