import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { dashboardManifest, manifestName } from '../../rules/dashboard/manifest.ts'
import { runCommand } from '../installer.ts'
import { sourcesHash } from './sources-hash.ts'

export interface EnsureDashboardOptions {
  /** The project's folder. */
  root: string
  env: NodeJS.ProcessEnv
  say: (line: string) => void
  /** Ends a build that is under way. */
  signal?: AbortSignal
}

/**
 * Builds the dashboard where there is no build, or one of other sources. Never rejects: the API serves
 * without it, and the page in its place says what to do.
 */
export async function ensureDashboard({ root, env, say, signal }: EnsureDashboardOptions) {
  const sources = sourcesHash(root)
  if (sources === null || builtFrom(root) === sources) return
  if (!existsSync(join(root, 'node_modules/vite'))) {
    say('the dashboard is not built: its tools are not installed (npm install --include=dev)')
    return
  }
  say('building the dashboard (once; again only when its sources change)')
  const startedAt = performance.now()
  const script = join(root, 'scripts/build-dashboard.ts')
  const command = { cwd: root, env, ...(signal && { signal }) }
  const { ok, output } = await runCommand(process.execPath, [script], command)
  if (signal?.aborted) return
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
  if (ok) say(`the dashboard is built (${seconds} s)`)
  else say(`the dashboard could not be built (npm run build): ${firstLines(output)}`)
}

/** Where a bundler says what is wrong, in colours. */
function firstLines(output: string): string {
  const lines = stripVTControlCharacters(output)
    .split('\n')
    .map((line) => line.trim())
  return lines.filter(Boolean).slice(0, 6).join(' | ')
}

/** null where there is no build that says so. */
export function builtFrom(root: string): string | null {
  try {
    const text = readFileSync(join(root, 'dashboard/dist', manifestName), 'utf8')
    return dashboardManifest.parse(JSON.parse(text)).sources
  } catch {
    return null
  }
}
