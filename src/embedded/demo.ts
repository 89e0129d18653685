import { join } from 'node:path'
import type { Db } from 'mongodb'
import { createAccount } from '../callers/account-commands.ts'
import type { KeyTools } from '../callers/api-key-commands.ts'
import { createApiKey } from '../callers/create-api-key.ts'
import { accounts, createAccountIndexes } from '../store/accounts.ts'
import { apiKeys, createApiKeyIndexes } from '../store/api-keys.ts'
import { createChannelIndexes } from '../store/channels.ts'
import type { Encryption } from '../store/encryption.ts'
import { keptDemoSecret, writeAtomically } from './kept-files.ts'

/** Exactly these fields, in DATA_DIR/demo.json: acceptance checks and newcomers read it. */
export interface Demo {
  url: string
  apiKey: string
  adminApiKey: string
  accountId: string
  apiKeyId: string
  redisUrl: string
  mongodbUri: string
}

/** The demo account's `sub`: what makes a second start find the first one's account. */
const DEMO_USER = 'demo'
/** Enough for playing with load, and its monthly limit is still one that can be seen coming. */
const DEMO_TIER = 'pro'

export type DemoKey = Pick<Demo, 'apiKey' | 'accountId' | 'apiKeyId'>

/**
 * The demo account and a key that works: the kept one, or, where there is none or it was revoked or the
 * database is new, another.
 */
export async function ensureDemoKey(
  db: Db,
  dataDir: string,
  tools: KeyTools & { encryption: Encryption },
): Promise<DemoKey> {
  await Promise.all([createAccountIndexes(db), createApiKeyIndexes(db), createChannelIndexes(db)])
  const kept = keptDemoSecret.read(dataDir)
  if (kept) {
    const hash = tools.secretHash(kept.secret)
    const found = await apiKeys(db).findOne({ 'secrets.0.hash': hash, revokedAt: null })
    if (found) return { apiKey: kept.secret, accountId: found.accountId, apiKeyId: found._id }
  }
  const account =
    (await accounts(db).findOne({ userId: DEMO_USER })) ??
    (await createAccount(
      db,
      { name: 'Demo', email: 'demo@example.com', userId: DEMO_USER, currency: 'USD' },
      tools,
    ))
  const key = { accountId: account._id, name: 'Demo key', tier: DEMO_TIER, limits: null }
  const { secret, apiKey } = await createApiKey(db, key, tools)
  keptDemoSecret.write(dataDir, { secret })
  return { apiKey: secret, accountId: account._id, apiKeyId: apiKey._id }
}

export function writeDemo(dataDir: string, demo: Demo): string {
  const path = join(dataDir, 'demo.json')
  writeAtomically(path, `${JSON.stringify(demo, null, 2)}\n`)
  return path
}

/** A first question, ready to be pasted into a shell. */
export function curlLine({ url, apiKey }: Demo, year: number): string {
  const query = `{ taxDates(country: AU, year: ${year}, first: 3) { edges { node { dueDate } } } }`
  const insecure = url.startsWith('https:') ? ' --insecure' : ''
  return (
    `curl -s${insecure} ${url}/graphql -H 'X-Api-Key: ${apiKey}' ` +
    `-H 'content-type: application/json' -d '${JSON.stringify({ query })}'`
  )
}
