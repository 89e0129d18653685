import type { Collection, Db } from 'mongodb'
import type { BillingProvider } from '../rules/billing/fact.ts'
import { isDuplicateKey } from './database.ts'
import type { Encrypted } from './encryption.ts'

/** A checkout that was begun: written before the provider is asked, so that one is made however often it is. */
export interface CheckoutDoc {
  /** `<apiKeyId>:<provider>:<tier>` */
  _id: string
  apiKeyId: string
  accountId: string
  provider: BillingProvider
  tier: string
  /** Hash of what was ordered: another order begins anew. */
  order: string
  /** Under which the provider makes it once. */
  idempotencyKey: string
  /** Where it is paid, bound to `_id` and `url`; null: not made yet, as far as is known. */
  url: Encrypted | null
  /** Who makes it now, until when on MongoDB's clock; absent: nobody. */
  lease?: { owner: string; until: Date }
  createdAt: Date
  /** The provider's end of it; TTL. */
  expiresAt: Date
}

export function checkouts(db: Db): Collection<CheckoutDoc> {
  return db.collection('checkouts')
}

/** Idempotent; called at start by every process. */
export async function createCheckoutIndexes(db: Db): Promise<void> {
  await checkouts(db).createIndex({ expiresAt: 1 }, { expireAfterSeconds: 0 })
  await checkouts(db).createIndex({ apiKeyId: 1 })
}

export interface TakeCheckout {
  /** What is written where there is none, or none that can be used any more. */
  fresh: Omit<CheckoutDoc, 'url' | 'lease'>
  owner: string
  leaseMs: number
  /** An address is of use while its checkout ends after then. */
  usableUntil: Date
  /** One that was begun and not made can be made while it ends after then. */
  makeableUntil: Date
}

/**
 * The checkout under this name, begun anew where that is needed; in one step, so that of any number of
 * callers one makes it (the one whose lease it carries), and whoever died over it is followed by another
 * with the same idempotency key.
 */
export async function takeCheckout(db: Db, take: TakeCheckout): Promise<CheckoutDoc> {
  const { fresh, owner, leaseMs, usableUntil, makeableUntil } = take
  const { _id, ...content } = fresh
  const lease = { owner: { $literal: owner }, until: { $add: ['$$NOW', leaseMs] } }
  const sameOrder = { $eq: ['$order', content.order] }
  const made = { $and: [sameOrder, { $gt: ['$url', null] }, { $gt: ['$expiresAt', usableUntil] }] }
  const begun = {
    $and: [sameOrder, { $eq: ['$url', null] }, { $gt: ['$expiresAt', makeableUntil] }],
  }
  const beingMade = { $and: [begun, { $gt: ['$lease.until', '$$NOW'] }] }
  const anew = { $mergeObjects: [{ _id }, { $literal: { ...content, url: null } }, { lease }] }
  const taken = { $cond: [begun, { $mergeObjects: ['$$ROOT', { lease }] }, anew] }
  const next = { $cond: [{ $or: [made, beingMade] }, '$$ROOT', taken] }
  for (;;) {
    try {
      const options = { upsert: true, returnDocument: 'after' } as const
      const found = await checkouts(db).findOneAndUpdate({ _id }, [{ $replaceWith: next }], options)
      if (found) return found
    } catch (error) {
      // Two upserts at once: the second finds what the first has written.
      if (!isDuplicateKey(error)) throw error
    }
  }
}

type Held = Pick<CheckoutDoc, '_id' | 'idempotencyKey'>

/** It is made: whoever found out says so, lease or not. */
export async function keepCheckoutUrl(db: Db, held: Held, url: Encrypted): Promise<void> {
  await checkouts(db).updateOne(held, { $set: { url }, $unset: { lease: '' } })
}

/** Somebody else may try, under the same idempotency key. */
export async function releaseCheckout(db: Db, held: Held, owner: string): Promise<void> {
  await checkouts(db).updateOne({ ...held, 'lease.owner': owner }, { $unset: { lease: '' } })
}

/** The next one begins anew. */
export async function forgetCheckout(db: Db, held: Held): Promise<void> {
  await checkouts(db).deleteOne(held)
}
