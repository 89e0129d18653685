import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Encoding } from '../../rules/dashboard/accepted-encoding.ts'
import {
  type DashboardFile,
  dashboardManifest,
  manifestName,
} from '../../rules/dashboard/manifest.ts'

/** What a build left, as its manifest lists it. */
export interface DashboardBuild {
  /** By its path below the folder. Nothing else is ever opened, whatever a client writes. */
  files: ReadonlyMap<string, DashboardFile>
  /** With the nonce's place still empty. */
  indexPage: string
  /** @param encoding other than identity only of a file that is compressed */
  read(path: string, encoding: Encoding): Promise<Buffer>
}

const suffixes: Readonly<Record<Encoding, string>> = { br: '.br', gzip: '.gz', identity: '' }

/**
 * The build in that folder, read again after another one has taken its place: `npm start` builds while the
 * API starts. null: there is none.
 */
export function createDashboardBuild(folder: string): () => Promise<DashboardBuild | null> {
  let known: { at: number; build: DashboardBuild } | null = null

  async function load(): Promise<DashboardBuild> {
    const text = await readFile(join(folder, manifestName), 'utf8')
    const { files } = dashboardManifest.parse(JSON.parse(text))
    return {
      files: new Map(Object.entries(files)),
      indexPage: await readFile(join(folder, 'index.html'), 'utf8'),
      read: (path, encoding) => readFile(join(folder, path + suffixes[encoding])),
    }
  }

  return async () => {
    try {
      const { mtimeMs: at } = await stat(join(folder, manifestName))
      if (known?.at !== at) known = { at, build: await load() }
      return known.build
    } catch {
      // Missing, or on its way.
      return null
    }
  }
}
