import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { noncePlaceholder } from '../src/rules/dashboard/manifest.ts'
import { graphiqlFiles } from './graphiql-files.ts'

/** Of the dashboard alone: vitest reads vitest.config.ts at the root. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/dashboard/',
  plugins: [react(), graphiqlFiles()],
  html: { cspNonce: noncePlaceholder },
  build: {
    target: 'es2022',
    // The policy knows no data: but for images, and what is inlined is not cached by itself.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1_000,
    rolldownOptions: {
      input: ['index.html', 'graphiql.html'].map((page) => join(import.meta.dirname, page)),
    },
  },
})
