import { accessSync, constants, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { keptSecrets, keptServers } from './embedded/kept-files.ts'
import { mongodUri } from './embedded/mongod-server.ts'
import type { Plans } from './rules/plan.ts'
import { readPlanFile } from './rules/plan-file.ts'
import { isLoopbackUrl, type Settings, settings } from './settings.ts'
import { whyBillingNotTogether } from './settings-billing.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Says everything that is wrong at once, one line each. */
export class ConfigError extends Error {
  constructor(problems: readonly string[]) {
    super(`The settings are not complete:\n${problems.map((one) => `  ${one}`).join('\n')}`)
    this.name = 'ConfigError'
  }
}

interface Checked {
  settings: Settings
  embedded: boolean
  plans: Plans
}

/** Settings on their way to a config: every problem is collected before anything is refused. */
export interface Draft {
  values: Partial<Settings>
  /** Notes a problem for each of these that has no value. */
  demand(names: (keyof Settings)[]): void
  error(): ConfigError
  /** @throws ConfigError when a problem was noted */
  finish(): Checked
}

export function readDraft(environment: Environment, { embeddedServers = true } = {}): Draft {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim()))
  const embedded = !set.REDIS_URL && !set.MONGODB_URI
  const problems: string[] = []
  const filled = embeddedServers ? { ...keptSettings(set, problems), ...set } : set
  const parsed = settings.safeParse(filled)
  const invalid = new Set(parsed.error?.issues.map(({ path }) => path[0]))
  for (const { path, message } of parsed.error?.issues ?? []) {
    problems.push(`${String(path[0])}: ${message}`)
  }
  problems.push(...whyNotTogether(set), ...whyBillingNotTogether(environment))
  const plans = readPlans(set.PLANS_FILE, problems)
  const error = () => new ConfigError(problems)
  return {
    values: parsed.data ?? {},
    error,
    demand(names) {
      for (const name of names) {
        if (!filled[name] && !invalid.has(name))
          problems.push(`${name}: ${missing[name] ?? 'missing'}`)
      }
    },
    finish() {
      if (!parsed.success || problems.length > 0) throw error()
      return { settings: parsed.data, embedded, plans }
    },
  }
}

const embeddedServer = 'missing (npm start brings its own and leaves it in DATA_DIR)'
const randomBytes = `node -p "crypto.randomBytes(32).toString('base64')"`
const missing: { [name in keyof Settings]?: string } = {
  REDIS_URL: embeddedServer,
  MONGODB_URI: embeddedServer,
  ADMIN_API_KEY: 'missing: at least 16 characters of your choice',
  API_KEY_PEPPER: `missing: make one with ${randomBytes}`,
  ENCRYPTION_KEYS: `missing: id:base64, with the base64 from ${randomBytes}`,
}

/** What `npm start` left in DATA_DIR for whoever has no settings of its own. */
function keptSettings(set: Environment, problems: string[]): Environment {
  const { DATA_DIR: dataDir } = settings.pick({ DATA_DIR: true }).parse(set)
  try {
    const servers = keptServers.read(dataDir)
    const ownMongodb = servers?.mongodPort ? mongodUri(servers.mongodPort) : undefined
    // Another MongoDB holds other accounts: the secrets of this one are not theirs.
    const isOwn = !set.MONGODB_URI || set.MONGODB_URI === ownMongodb
    const secrets = isOwn ? keptSecrets.read(dataDir) : null
    return {
      ...(servers?.redisPort && { REDIS_URL: `redis://127.0.0.1:${servers.redisPort}` }),
      ...(ownMongodb && { MONGODB_URI: ownMongodb }),
      ...(secrets && {
        ADMIN_API_KEY: secrets.adminApiKey,
        API_KEY_PEPPER: secrets.apiKeyPepper,
        ENCRYPTION_KEYS: secrets.encryptionKeys,
      }),
    }
  } catch (error) {
    problems.push(`DATA_DIR: ${error instanceof Error ? error.message : String(error)}`)
    return {}
  }
}

/** Settings that are right one by one and wrong together, or that name a file. */
function whyNotTogether(set: Environment): string[] {
  const problems: string[] = []
  for (const name of ['TLS_CERT_FILE', 'TLS_KEY_FILE'] as const) {
    const path = set[name]
    const other = name === 'TLS_CERT_FILE' ? 'TLS_KEY_FILE' : 'TLS_CERT_FILE'
    if (!path && set[other]) problems.push(`${name}: missing beside ${other}`)
    if (path && !isReadable(path)) problems.push(`${name}: ${path} cannot be read`)
  }
  if (set.OIDC_ISSUER && !set.OIDC_CLIENT_CLAIM && !set.OIDC_AUDIENCE) {
    problems.push('OIDC_AUDIENCE: missing beside OIDC_ISSUER (or OIDC_CLIENT_CLAIM for Cognito)')
  }
  if (set.OIDC_CLIENT_CLAIM && !set.OIDC_CLIENT_ID) {
    problems.push('OIDC_CLIENT_ID: missing beside OIDC_CLIENT_CLAIM')
  }
  // The issuer of embedded mode gives the admin claim too, by whatever name.
  const claim = set.REDIS_URL || set.MONGODB_URI ? (['OIDC_ADMIN_CLAIM'] as const) : []
  for (const name of ['OIDC_AUDIENCE', 'OIDC_CLIENT_CLAIM', ...claim] as const) {
    if (set[name] && !set.OIDC_ISSUER) problems.push(`OIDC_ISSUER: missing beside ${name}`)
  }
  // A stand-in on this machine takes any sender; others refuse, or take us for one who forges.
  if (set.SMTP_URL && !set.MAIL_FROM && !isLoopbackUrl(set.SMTP_URL)) {
    problems.push('MAIL_FROM: missing beside SMTP_URL')
  }
  return [...new Set(problems)]
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}

/** The shipped file stands beside package.json, wherever the process was started. */
function readPlans(path: string | undefined, problems: string[]): Plans {
  const file = path ?? fileURLToPath(new URL('../plans.json', import.meta.url))
  try {
    const result = readPlanFile(JSON.parse(readFileSync(file, 'utf8')))
    if ('plans' in result) return result.plans
    problems.push(...result.problems.map((problem) => `PLANS_FILE: ${problem}`))
  } catch (error) {
    problems.push(`PLANS_FILE: ${error instanceof Error ? error.message : String(error)}`)
  }
  return new Map()
}
