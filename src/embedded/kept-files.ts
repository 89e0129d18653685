import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'

/**
 * What `npm start` keeps in DATA_DIR beside the data itself. Every file is small JSON, replaced by a rename,
 * readable by its owner alone.
 */
const port = z.number().int().min(1).max(65_535)

const servers = z.object({ redisPort: port.optional(), mongodPort: port.optional() })
const secrets = z.object({
  adminApiKey: z.string(),
  apiKeyPepper: z.string(),
  encryptionKeys: z.string(),
})
const issuer = z.object({
  /** Private, as JWK. */
  signingKey: z.object({
    ...{ kty: z.literal('EC'), crv: z.literal('P-256'), kid: z.string() },
    ...{ x: z.string(), y: z.string(), d: z.string() },
  }),
  /** Signs the cookies of sign-in. */
  cookieKey: z.string(),
})
const demoSecret = z.object({ secret: z.string() })

/** Where the embedded servers listen, kept so that they come back on the same ports. */
export type KeptServers = z.infer<typeof servers>
/** The secrets that were made because none were set, in the form of their settings. */
export type KeptSecrets = z.infer<typeof secrets>

/** What the issuer of the demo signs with. */
export type KeptIssuer = z.infer<typeof issuer>

export const keptServers = keptFile('servers.json', servers)
export const keptSecrets = keptFile('secrets.json', secrets)
export const keptIssuer = keptFile('issuer.json', issuer)
/** The one client secret that is ever kept: the demo account's, so that each start can print it. */
export const keptDemoSecret = keptFile('demo-secret.json', demoSecret)

interface KeptFile<T> {
  /**
   * null where there is none yet.
   * @throws Error where the file is not what we wrote: guessing on would mean new secrets over old data
   */
  read(dataDir: string): T | null
  write(dataDir: string, content: T): void
}

function keptFile<T>(name: string, schema: z.ZodType<T>): KeptFile<T> {
  return {
    read(dataDir) {
      const path = join(dataDir, name)
      const text = readIfThere(path)
      if (text === null) return null
      try {
        return schema.parse(JSON.parse(text))
      } catch (error) {
        throw new Error(`${path} is damaged; restore it, or remove DATA_DIR to begin anew`, {
          cause: error,
        })
      }
    },
    write(dataDir, content) {
      writeAtomically(join(dataDir, name), `${JSON.stringify(content, null, 2)}\n`)
    },
  }
}

/** Mode 0600 from the first byte; readers see the old file or the new one. */
export function writeAtomically(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  const next = `${path}.${process.pid}.new`
  writeFileSync(next, text, { mode: 0o600, flush: true })
  renameSync(next, path)
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
