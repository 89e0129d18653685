import type { Collection, Db } from 'mongodb'
import type { BillingProvider } from '../rules/billing/fact.ts'

/**
 * PENDING: to be charged, or nobody knows yet whether it is. ACKNOWLEDGED: the provider has it. NEXT_INVOICE: it
 * never will; the calls go on an invoice of ours.
 */
export type ChargeStatus = 'PENDING' | 'ACKNOWLEDGED' | 'NEXT_INVOICE'

/** Why calls above the limit go on an invoice of ours although a provider bills the plan. */
export type InvoiceReason =
  | 'LATE_CALLS'
  | 'TOO_OLD'
  | 'NO_SUBSCRIPTION'
  | 'SUBSCRIPTION_ENDED'
  | 'NOT_SOLD_THERE'
  | 'NO_PRICE'
  | 'REFUSED'

/** One look at a provider: the charge itself, or the question whether it has it. */
export interface ChargeTry {
  at: Date
  did: 'sent' | 'asked'
  outcome: 'taken' | 'duplicate' | 'found' | 'missing' | 'refused' | 'unavailable' | 'unknown'
  /** The provider's own word or id, as far as it may be kept; null: none. */
  answer: string | null
}

/** Calls above the limit that are charged, written before anybody is asked to. */
export interface UsageChargeDoc {
  /**
   * `<apiKeyId>:2026-11-22` (Stripe: a day) or `<apiKeyId>:2026-11` (Paddle: a month), with `:2` … for what was
   * missing of one, and `<apiKeyId>:2026-11:late:<n>` for what no provider is asked for.
   */
  _id: string
  apiKeyId: string
  accountId: string
  /** `2026-11` */
  month: string
  /** Start of the day with which it was decided. */
  day: Date
  /** Null: nobody is asked. */
  provider: BillingProvider | null
  /** `STRIPE:sub_1` */
  subscription: string | null
  customerHash: string | null
  /** The plan whose overage it is. */
  tier: string
  units: number
  /** Stripe: what is counted, for when. */
  meter: { eventName: string; at: Date } | null
  /** Paddle: what is billed, in whole minor units. */
  price: { productId: string; amount: number; currency: string } | null
  status: ChargeStatus
  /** Of these the provider has so many. */
  acknowledged: number
  /** So many go on an invoice of ours. */
  toNextInvoice: number
  /** Null unless it goes there. */
  reason: InvoiceReason | null
  /** The same in words, with what the provider said. */
  because: string | null
  /** How often it was tried or asked about; of these the last fifty are kept. */
  attempts: number
  tries: ChargeTry[]
  firstTriedAt: Date | null
  lastTriedAt: Date | null
  /** Since when some try may have been taken without our knowing; null: none can have been. */
  unknownSince: Date | null
  /** Another try would not tell: it must be asked about. */
  mustAsk: boolean
  /** End of the day or month whose calls it charges. */
  usageEnd: Date
  dueAt: Date
  /** Who works on it now, until when on MongoDB's clock; absent: nobody. */
  lease?: { owner: string; until: Date }
  createdAt: Date
  /** Null: not yet. */
  settledAt: Date | null
}

export const TRIES_KEPT = 50

export function usageCharges(db: Db): Collection<UsageChargeDoc> {
  return db.collection('usageCharges')
}

const forInvoice = { toNextInvoice: { $gt: 0 } } as const

/** Idempotent; called at start by every process. */
export async function createUsageChargeIndexes(db: Db): Promise<void> {
  await usageCharges(db).createIndex({ status: 1, dueAt: 1 })
  await usageCharges(db).createIndex({ apiKeyId: 1, month: 1 })
  await usageCharges(db).createIndex({ month: 1, createdAt: -1, _id: -1 })
  const uncharged = { partialFilterExpression: forInvoice, name: 'for the next invoice' }
  await usageCharges(db).createIndex({ apiKeyId: 1 }, uncharged)
  // Two events of one customer never count in the same minute: by it the sum tells them apart.
  await usageCharges(db).createIndex(
    { customerHash: 1, 'meter.at': 1 },
    {
      unique: true,
      partialFilterExpression: {
        customerHash: { $type: 'string' },
        'meter.at': { $type: 'date' },
      },
    },
  )
}

/**
 * Calls above the limit that go on an invoice of ours because no provider could be charged with them, by
 * `<apiKeyId>:2026-11`.
 */
export async function unchargedUsage(
  db: Db,
  apiKeyIds: readonly string[],
): Promise<Map<string, number>> {
  const found = usageCharges(db).find({ apiKeyId: { $in: [...apiKeyIds] }, ...forInvoice })
  const units = new Map<string, number>()
  for await (const { apiKeyId, month, toNextInvoice } of found) {
    const key = `${apiKeyId}:${month}`
    units.set(key, (units.get(key) ?? 0) + toNextInvoice)
  }
  return units
}
