import { hash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { build } from 'vite'
import { builtFrom } from '../src/embedded/dashboard/ensure-dashboard.ts'
import { sourcesHash } from '../src/embedded/dashboard/sources-hash.ts'
import {
  contentTypeOf,
  type DashboardFile,
  type DashboardManifest,
  manifestName,
} from '../src/rules/dashboard/manifest.ts'
import { type Lock, livenessOf, lock } from '../src/streams/spool-lock.ts'
import { writeDashboardTypes } from './dashboard-types.ts'

/**
 * `npm run build`, and what `npm start` runs where the build is missing or old: typed documents, vite, then
 * each file compressed once and listed in a manifest. The finished folder takes the old one's place.
 */
const root = join(import.meta.dirname, '..')
const dashboard = join(root, 'dashboard')
const dist = join(dashboard, 'dist')
const building = join(dashboard, '.building')
/** Text that shrinks; fonts and pictures are compressed already. */
const shrinks = /\.(js|css|html|svg|json|txt|webmanifest)$/
const worthBytes = 1_000

// React builds itself twice as large for any other; vitest, for one, sets another.
process.env.NODE_ENV = 'production'
const held = await takeTurn()
try {
  const sources = sourcesHash(root)
  if (sources === null) throw new Error('dashboard/index.html is missing')
  // Whoever had the turn before may have built this very state.
  if (builtFrom(root) !== sources) await buildFrom(sources)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  await held.release()
}

async function buildFrom(sources: string): Promise<void> {
  await writeDashboardTypes()
  const outDir = join(building, 'dist')
  await rm(outDir, { recursive: true, force: true })
  const configFile = join(dashboard, 'vite.config.ts')
  await build({ configFile, logLevel: 'warn', build: { outDir, emptyOutDir: true } })
  const names = await readdir(outDir, { recursive: true, withFileTypes: true })
  const paths = names
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(outDir.length + 1))
  const listed = paths.sort().map(async (path) => [path, await finished(outDir, path)] as const)
  const manifest: DashboardManifest = {
    sources,
    files: Object.fromEntries(await Promise.all(listed)),
  }
  await writeFile(join(outDir, manifestName), `${JSON.stringify(manifest, null, 1)}\n`)
  await rm(dist, { recursive: true, force: true })
  await rename(outDir, dist)
}

/** Compresses what gains by it; index.html gets its nonce with each answer and stays as it is. */
async function finished(folder: string, path: string): Promise<DashboardFile> {
  const content = await readFile(join(folder, path))
  const compressed = shrinks.test(path) && !path.endsWith('.html') && content.length >= worthBytes
  if (compressed) {
    const [br, gz] = await Promise.all([
      promisify(brotliCompress)(content, {
        params: {
          // The best takes a second for each 100 kB, and gains a tenth over this.
          [constants.BROTLI_PARAM_QUALITY]: content.length > 500_000 ? 5 : 11,
          [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
        },
      }),
      promisify(gzip)(content, { level: constants.Z_BEST_COMPRESSION }),
    ])
    await writeFile(join(folder, `${path}.br`), br)
    await writeFile(join(folder, `${path}.gz`), gz)
  }
  return { type: contentTypeOf(path), hash: hash('sha256', content, 'base64url'), compressed }
}

/** One build at a time in this folder; a lock whose holder died is nobody's. */
async function takeTurn(): Promise<Lock> {
  await mkdir(building, { recursive: true })
  for (;;) {
    const liveness = await livenessOf(building, 'owner')
    if (liveness === 'dead') await rm(join(building, 'owner'), { force: true })
    const taken = liveness === 'alive' ? null : await lock(building, 'owner').catch(() => null)
    if (taken) return taken
    await wait(100)
  }
}
