import type { ClientSession, Db } from 'mongodb'
import { ApiError } from '../errors.ts'
import { checkedName } from '../rules/account-input.ts'
import { startOfMonth } from '../rules/calendar-time.ts'
import { type OwnerKeyLimits, whyNoMoreKeys } from '../rules/owner-keys.ts'
import { FREE_TIER, isPriced, type Plans } from '../rules/plan.ts'
import { accessOf, recordAccessChange } from '../store/access-history.ts'
import { type ApiKeyDoc, apiKeys } from '../store/api-keys.ts'
import { type CreatedApiKey, checkedTier, type KeyTools, nameOf } from './api-key-commands.ts'
import { newSecret, shownOfSecret } from './api-key-secret.ts'
import { randomBase62 } from './base62.ts'
import { guardAccount } from './guard-account.ts'

export interface NewApiKey {
  accountId: string
  name: string
  /** Plan id; `free` where left out. */
  tier?: string | null | undefined
  /** What binds the owner who asks; null: the admin asks. */
  limits: OwnerKeyLimits | null
}

/**
 * The limits are counted and the key is inserted in one transaction that first writes to the account:
 * two creations for one account conflict there, and the loser counts again.
 * @throws BadInput, or ApiError NOT_FOUND (no such account) or FORBIDDEN (the owner's limits)
 */
export async function createApiKey(
  db: Db,
  input: NewApiKey,
  tools: KeyTools,
): Promise<CreatedApiKey> {
  const secret = newSecret(tools.random)
  const now = tools.clock()
  const apiKey: ApiKeyDoc = {
    _id: `key_${randomBase62(tools.random, 12)}`,
    accountId: input.accountId,
    name: checkedName(input.name),
    ...shownOfSecret(secret),
    secrets: [{ hash: tools.secretHash(secret) }],
    tier: checkedTier(input.tier ?? FREE_TIER, tools.plans),
    blockedBecause: null,
    revokedAt: null,
    alertsEnabled: true,
    createdAt: new Date(now),
    createdBy: input.limits ? 'owner' : 'admin',
  }
  await db.client.withSession((session) =>
    session.withTransaction(async () => {
      await guardAccount(db, input.accountId, session)
      if (input.limits) await checkLimits(db, apiKey, input.limits, tools.plans, session)
      await apiKeys(db).insertOne(apiKey, { session })
      await recordMaking(db, apiKey, session)
    }),
  )
  return { secret, apiKey }
}

/** Where its history begins. */
async function recordMaking(db: Db, apiKey: ApiKeyDoc, session: ClientSession): Promise<void> {
  const { _id: apiKeyId, accountId, createdAt, createdBy = 'admin' } = apiKey
  const entry = { apiKeyId, accountId, recordedAt: createdAt, happenedAt: createdAt, from: null }
  const because = `${nameOf[createdBy]} made the key.`
  await recordAccessChange(
    db,
    { ...entry, to: accessOf(apiKey), because, cause: createdBy },
    session,
  )
}

async function checkLimits(
  db: Db,
  next: ApiKeyDoc,
  limits: OwnerKeyLimits,
  plans: Plans,
  session: ClientSession,
): Promise<void> {
  const month = startOfMonth(next.createdAt.getTime())
  const held = await apiKeys(db).find({ accountId: next.accountId }, { session }).toArray()
  const priced = (tier: string) => {
    const plan = plans.get(tier)
    return plan !== undefined && isPriced(plan)
  }
  const why = whyNoMoreKeys(
    held.map((key) => ({
      live: key.revokedAt === null,
      ownThisMonth: key.createdBy === 'owner' && key.createdAt.getTime() >= month,
      priced: priced(key.tier),
    })),
    { priced: priced(next.tier) },
    limits,
  )
  if (why !== null) throw new ApiError('FORBIDDEN', why)
}
