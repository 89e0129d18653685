import type { Db, Document, UpdateFilter } from 'mongodb'
import { ApiError } from '../errors.ts'
import { checkedName } from '../rules/account-input.ts'
import { BadInput } from '../rules/bad-input.ts'
import { DAY, HOUR } from '../rules/calendar-time.ts'
import type { Plans } from '../rules/plan.ts'
import { type ApiKeyDoc, apiKeys } from '../store/api-keys.ts'
import { changeAccess } from '../store/change-access.ts'
import { newSecret, shownOfSecret } from './api-key-secret.ts'
import type { RandomBytes } from './base62.ts'
import type { SecretHash } from './secret-hash.ts'

/** A key and its secret, which is nowhere else and never again. */
export interface CreatedApiKey {
  secret: string
  apiKey: ApiKeyDoc
}

export interface KeyTools {
  clock: () => number
  random: RandomBytes
  secretHash: SecretHash
  plans: Plans
}

/** Which key a command is about. To an owner, another account's key does not exist. */
export interface KeyScope {
  apiKeyId: string
  /** The caller's account; null: the admin, who reaches every key. */
  accountId: string | null
}

export const OVERLAP_HOURS = { default: 24, max: 168 } as const
/** An ended secret stays known for a day, so that its late users are told apart from strangers. */
const REMEMBERED_MS = DAY
/** So that a loop of rotations cannot make a document that grows without end. */
const MOST_SECRETS = 100

/**
 * A new secret for the same key: id, name, tier and usage stay. Every earlier secret ends `overlapHours`
 * from now, or when an earlier rotation said so, whichever comes first; 0 ends them at once.
 * One conditional update, so that of two rotations at the same time neither loses the other's secret.
 * @throws BadInput, or ApiError NOT_FOUND or FORBIDDEN (100 secrets)
 */
export async function rotateApiKey(
  db: Db,
  scope: KeyScope,
  overlapHours: number,
  tools: Pick<KeyTools, 'clock' | 'random' | 'secretHash'>,
): Promise<CreatedApiKey> {
  if (!Number.isInteger(overlapHours) || overlapHours < 0 || overlapHours > OVERLAP_HOURS.max) {
    throw new BadInput(`"overlapHours" must be a whole number from 0 to ${OVERLAP_HOURS.max}.`)
  }
  const secret = newSecret(tools.random)
  const apiKey = await apiKeys(db).findOneAndUpdate(
    { ...filterOf(scope), revokedAt: null, [`secrets.${MOST_SECRETS - 1}`]: { $exists: false } },
    [{ $set: secretsAfterRotation(secret, overlapHours, tools) }],
    { returnDocument: 'after' },
  )
  if (apiKey) return { secret, apiKey }
  const found = await keyIn(db, scope)
  if (found.revokedAt) throw new BadInput('A revoked key cannot be rotated.')
  throw new ApiError('FORBIDDEN', `This key holds ${MOST_SECRETS} secrets; wait until some ended.`)
}

function secretsAfterRotation(
  secret: string,
  overlapHours: number,
  tools: Pick<KeyTools, 'clock' | 'secretHash'>,
): Document {
  const now = tools.clock()
  const end = new Date(now + overlapHours * HOUR)
  const endOf = { $min: [{ $ifNull: ['$$earlier.expiresAt', end] }, end] }
  const remembered = {
    $filter: {
      input: '$secrets',
      as: 'earlier',
      cond: { $gt: [endOf, new Date(now - REMEMBERED_MS)] },
    },
  }
  const earlier = {
    $map: { input: remembered, as: 'earlier', in: { hash: '$$earlier.hash', expiresAt: endOf } },
  }
  const newest = [{ hash: { $literal: tools.secretHash(secret) } }]
  return { ...shownOfSecret(secret), secrets: { $concatArrays: [newest, earlier] } }
}

/**
 * Ends a key for good; repeated, it answers the same.
 * @throws ApiError NOT_FOUND
 */
export async function revokeApiKey(
  db: Db,
  scope: KeyScope,
  tools: { clock: () => number },
): Promise<ApiKeyDoc> {
  const now = tools.clock()
  const by = scope.accountId === null ? 'admin' : 'owner'
  const revoked = await changeAccess(db, {
    filter: { ...filterOf(scope), revokedAt: null },
    update: { $set: { revokedAt: new Date(now) } },
    ...{ by, because: `${nameOf[by]} revoked the key.`, now },
  })
  return revoked ?? (await keyIn(db, scope))
}

/**
 * What is left out or null stays as it is.
 * @throws BadInput, or ApiError NOT_FOUND
 */
export async function updateApiKey(
  db: Db,
  scope: KeyScope,
  changes: { name?: string | null | undefined; alertsEnabled?: boolean | null | undefined },
): Promise<ApiKeyDoc> {
  const set: Partial<ApiKeyDoc> = {
    ...(changes.name != null && { name: checkedName(changes.name) }),
    ...(changes.alertsEnabled != null && { alertsEnabled: changes.alertsEnabled }),
  }
  if (Object.keys(set).length === 0) return await keyIn(db, scope)
  return await changed(db, scope, { $set: set })
}

/**
 * A level of the new plan that is reached already is raised within seconds.
 * @param tier a plan's id
 * @throws BadInput, or ApiError NOT_FOUND
 */
export async function setTier(
  db: Db,
  apiKeyId: string,
  tier: string,
  tools: { plans: Plans; clock: () => number },
): Promise<ApiKeyDoc> {
  const $set = { tier: checkedTier(tier, tools.plans) }
  const changed = await changeAccess(db, {
    filter: filterOf({ apiKeyId, accountId: null }),
    update: { $set, $currentDate: { levelsMovedAt: true } },
    ...{ by: 'admin', because: `${nameOf.admin} chose the plan.`, now: tools.clock() },
  })
  if (!changed) throw noSuchKey()
  return changed
}

/** As the history of a key names them. */
export const nameOf = { owner: 'The owner', admin: 'An administrator' } as const

export function checkedTier(tier: string, plans: Plans): string {
  if (!plans.has(tier)) throw new BadInput(`"tier" must be one of ${[...plans.keys()].join(', ')}.`)
  return tier
}

/** @throws ApiError NOT_FOUND */
export async function keyIn(db: Db, scope: KeyScope): Promise<ApiKeyDoc> {
  const found = await apiKeys(db).findOne(filterOf(scope))
  if (!found) throw noSuchKey()
  return found
}

async function changed(
  db: Db,
  scope: KeyScope,
  update: UpdateFilter<ApiKeyDoc>,
): Promise<ApiKeyDoc> {
  const apiKey = await apiKeys(db).findOneAndUpdate(filterOf(scope), update, {
    returnDocument: 'after',
  })
  if (!apiKey) throw noSuchKey()
  return apiKey
}

function filterOf({ apiKeyId, accountId }: KeyScope) {
  return { _id: apiKeyId, ...(accountId !== null && { accountId }) }
}

/** One answer for what is not there and for what belongs to somebody else. */
export function noSuchKey(): ApiError {
  return new ApiError('NOT_FOUND', 'There is no such API key.')
}
