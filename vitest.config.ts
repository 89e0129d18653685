import { createRequire } from 'node:module'
import { defineConfig } from 'vitest/config'

// graphql 17 has a `development` export condition that Vite follows and Node does not; without this
// alias two copies are loaded and every schema is "from another module or realm".
const graphql = createRequire(import.meta.url).resolve('graphql/index.js')

export default defineConfig({
  resolve: { alias: [{ find: /^graphql$/, replacement: graphql }] },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
})
