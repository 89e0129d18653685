import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/** Beside the folder itself: what else decides how its build comes out. */
const others = ['schema.graphql', 'package-lock.json', 'scripts/build-dashboard.ts']
/** Made by the build, or while one runs. */
const made = /^(dist|src\/gql|\.building)(\/|$)/

/**
 * Tells one state of the dashboard's sources from another; null where there are none, as in an image that
 * brings the finished build.
 * @param root the project's folder
 */
export function sourcesHash(root: string): string | null {
  const folder = join(root, 'dashboard')
  if (!existsSync(join(folder, 'index.html'))) return null
  const files = filesBelow(folder, '').sort()
  const hash = createHash('sha256')
  for (const path of [...files.map((file) => join(folder, file)), ...others.map(inRoot)]) {
    hash
      .update(`${relative(root, path)}\0`)
      .update(readFileSync(path))
      .update('\0')
  }
  return hash.digest('base64url')

  function inRoot(path: string): string {
    return join(root, path)
  }
}

function filesBelow(folder: string, below: string): string[] {
  const entries = readdirSync(join(folder, below), { withFileTypes: true })
  return entries.flatMap((entry) => {
    const path = below === '' ? entry.name : `${below}/${entry.name}`
    if (made.test(path)) return []
    return entry.isDirectory() ? filesBelow(folder, path) : [path]
  })
}
