import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { builtFrom, ensureDashboard } from '../../src/embedded/dashboard/ensure-dashboard.ts'
import { sourcesHash } from '../../src/embedded/dashboard/sources-hash.ts'
import { dashboardManifest } from '../../src/rules/dashboard/manifest.ts'

const project = join(import.meta.dirname, '../..')
const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** The project with a dashboard of one line; the packages are the project's own. */
function smallProject(): string {
  const root = mkdtempSync(join(tmpdir(), 'getcomplical-project-'))
  folders.push(root)
  for (const path of ['scripts', 'src', 'schema.graphql', 'package.json', 'package-lock.json']) {
    cpSync(join(project, path), join(root, path), { recursive: true })
  }
  mkdirSync(join(root, 'dashboard/src'), { recursive: true })
  const files = {
    'index.html': '<script type="module" src="/src/main.tsx"></script>',
    'vite.config.ts': 'export default { root: import.meta.dirname }',
    'src/main.tsx': 'document.title = "small"',
  }
  for (const [path, text] of Object.entries(files)) {
    writeFileSync(join(root, 'dashboard', path), text)
  }
  symlinkSync(join(project, 'node_modules'), join(root, 'node_modules'))
  return root
}

async function ensure(root: string): Promise<string[]> {
  const said: string[] = []
  await ensureDashboard({ root, env: process.env, say: (line) => said.push(line) })
  return said
}

describe('npm start and the dashboard', { timeout: 120_000 }, () => {
  test('builds it once, again when a source changes, and once of two at the same time', async () => {
    const root = smallProject()
    const [first, second] = await Promise.all([ensure(root), ensure(root)])
    for (const said of [first, second]) {
      expect(said[0]).toContain('building the dashboard')
      expect(said[1]).toMatch(/^the dashboard is built \(\d/)
    }
    expect(builtFrom(root)).toBe(sourcesHash(root))
    expect(await ensure(root)).toEqual([])

    writeFileSync(join(root, 'dashboard/src/main.tsx'), 'document.title = "other"')
    expect(builtFrom(root)).not.toBe(sourcesHash(root))
    expect(await ensure(root)).toHaveLength(2)
    expect(await ensure(root)).toEqual([])
  })

  test('says what is wrong where it cannot be built, and goes on', async () => {
    const root = smallProject()
    writeFileSync(join(root, 'dashboard/src/main.tsx'), 'this is no program')
    const said = await ensure(root)
    expect(said[1]).toContain('could not be built (npm run build)')
    expect(said[1]).toContain('main.tsx')
    rmSync(join(root, 'node_modules'))
    expect((await ensure(root))[0]).toContain('its tools are not installed')
  })

  test('leaves alone what has no sources, as an image with the finished build', async () => {
    const root = mkdtempSync(join(tmpdir(), 'getcomplical-image-'))
    folders.push(root)
    expect(await ensure(root)).toEqual([])
    mkdirSync(join(root, 'dashboard/dist'), { recursive: true })
    expect(await ensure(root)).toEqual([])
  })
})

describe('the build', () => {
  const dist = join(project, 'dashboard/dist')
  const { files } = dashboardManifest.parse(
    JSON.parse(readFileSync(join(dist, 'manifest.json'), 'utf8')),
  )
  const html = readFileSync(join(dist, 'index.html'), 'utf8')

  test('loads at most 250 kB of script, gzip, before the first page is there', () => {
    const entry = /<script[^>]+src="\/dashboard\/([^"]+)"/.exec(html)?.[1] ?? ''
    const overview = Object.keys(files).find((path) => /assets\/overview-.*\.js$/.test(path)) ?? ''
    const first = [...withImports([entry, overview])]
    expect(first.length).toBeGreaterThan(2)
    const sizes = first.map((path) => gzipSync(readFileSync(join(dist, path))).length)
    const total = sizes.reduce((sum, one) => sum + one, 0)
    console.log(`first load: ${(total / 1_000).toFixed(0)} kB of script, gzip`)
    expect(total).toBeLessThanOrEqual(250_000)
  })

  /** These chunks and all that they import at once. */
  function withImports(paths: readonly string[], known = new Set<string>()): Set<string> {
    for (const path of paths.filter((one) => !known.has(one))) {
      known.add(path)
      const code = readFileSync(join(dist, path), 'utf8')
      const named = [...code.matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)]
      withImports(
        named.map(([, name]) => `assets/${name}`),
        known,
      )
    }
    return known
  }

  test('lists each file with what stands beside it', () => {
    for (const [path, { compressed }] of Object.entries(files)) {
      const content = readFileSync(join(dist, path))
      if (compressed) {
        expect(gunzipSync(readFileSync(join(dist, `${path}.gz`))).equals(content)).toBe(true)
      }
    }
    expect(files['index.html']).toMatchObject({ compressed: false })
  })
})
