import { randomBytes } from 'node:crypto'
import type { ExecutionResult } from 'graphql'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { Callers } from '../../src/callers/callers.ts'
import type { CallerChange } from '../../src/callers/credentials.ts'
import { createSecretHash } from '../../src/callers/secret-hash.ts'
import type { Caller } from '../../src/context.ts'
import { defaultOwnerKeyLimits } from '../../src/rules/owner-keys.ts'
import { createTaxHistory } from '../../src/rules/tax/tax-history.ts'
import { accounts, createAccountIndexes } from '../../src/store/accounts.ts'
import { type ApiKeyDoc, apiKeys, createApiKeyIndexes } from '../../src/store/api-keys.ts'
import { createEncryption, type Encryption } from '../../src/store/encryption.ts'
import { account, ask, asOwner, contextOf, plans, plantKey } from '../asked.ts'
import { fromRules } from '../rules/tax/shipped-data.ts'
import { type TestDatabase, testDatabase } from '../servers.ts'

/** Account `acc_a` with two keys, and `acc_b` with one, anew before each test. */
export interface TwoAccounts {
  database: TestDatabase
  own: ApiKeyDoc
  second: ApiKeyDoc
  foreign: ApiKeyDoc
  encryption: Encryption
  /** OUTBOUND_ALLOW. */
  outboundAllow: Set<string>
  /** The clock of every command; `now` at the start of each test. */
  at: number
  /** What the commands said had changed. */
  changes: CallerChange[]
  /** How often it was said that there are notices to publish. */
  published: number
  asked(
    caller: Caller,
    source: string,
    variables?: Record<string, unknown>,
  ): Promise<ExecutionResult<Record<string, unknown>>>
}

const taxHistory = createTaxHistory(fromRules, () => now)

export const now = Date.parse('2026-11-10T12:00:00Z')
export const admin: Caller = { kind: 'admin' }
export const owner: Caller = asOwner('acc_a')

export function useTwoAccounts(): TwoAccounts {
  const state = { changes: [] as CallerChange[] } as TwoAccounts
  const secretHash = createSecretHash(randomBytes(32))
  const changed = (change: CallerChange) => state.changes.push(change)
  state.asked = (caller, source, variables = {}) => {
    const { encryption, outboundAllow } = state
    const clock = () => state.at
    const tools = { clock, random: randomBytes, secretHash, plans, encryption, outboundAllow }
    const callers = { changed } as unknown as Callers
    const deps = { db: state.database.db, callers, ownerKeyLimits: defaultOwnerKeyLimits }
    const publishBilling = () => {
      state.published += 1
    }
    const product = { publicUrl: 'https://tax.example.com', taxHistory, publishBilling }
    return ask(source, contextOf(caller, { ...deps, ...tools, ...product }), variables)
  }

  beforeAll(async () => {
    state.database = await testDatabase()
    await createAccountIndexes(state.database.db)
    await createApiKeyIndexes(state.database.db)
  })
  afterAll(() => state.database.drop())
  beforeEach(async () => {
    const { db } = state.database
    await Promise.all([accounts(db).deleteMany({}), apiKeys(db).deleteMany({})])
    await accounts(db).insertMany([account('acc_a'), account('acc_b')])
    state.own = await plantKey(db, 'key_own1', 'acc_a', { createdAt: new Date(1) })
    state.second = await plantKey(db, 'key_own2', 'acc_a', { createdAt: new Date(2) })
    state.foreign = await plantKey(db, 'key_other', 'acc_b')
    state.changes = []
    state.published = 0
    state.at = now
    state.encryption = createEncryption([{ id: 'k1', key: randomBytes(32) }], randomBytes)
    state.outboundAllow = new Set()
  })
  return state
}

/** The code that a client would see of the first error. */
export function codeOf(result: ExecutionResult): string | undefined {
  const [error] = result.errors ?? []
  if (!error) return undefined
  const cause = error.originalError
  if (!cause || ['BadInput', 'GraphQLError'].includes(cause.name)) return 'BAD_USER_INPUT'
  return 'code' in cause ? String(cause.code) : `INTERNAL: ${cause.message}`
}
