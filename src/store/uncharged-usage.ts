import type { Collection, Db } from 'mongodb'

/** What of a document of charge-usage matters here: one a key and month, or one a key and day. */
interface UsageChargeDoc {
  _id: string
  apiKeyId: string
  /** `2026-11` */
  month: string
  /** Calls above the limit that the provider could not be charged with, and never will be. */
  toNextInvoice?: number
}

const forInvoice = { toNextInvoice: { $gt: 0 } } as const

function usageCharges(db: Db): Collection<UsageChargeDoc> {
  return db.collection('usageCharges')
}

/** Idempotent; called at start by every process. */
export async function createUnchargedUsageIndex(db: Db): Promise<void> {
  const options = { partialFilterExpression: forInvoice, name: 'for the next invoice' }
  await usageCharges(db).createIndex({ apiKeyId: 1 }, options)
}

/**
 * Calls above the limit that go on an invoice of ours because the provider could not be charged with them, by
 * `<apiKeyId>:2026-11`.
 */
export async function unchargedUsage(
  db: Db,
  apiKeyIds: readonly string[],
): Promise<Map<string, number>> {
  const found = usageCharges(db).find({ apiKeyId: { $in: [...apiKeyIds] }, ...forInvoice })
  const units = new Map<string, number>()
  for await (const { apiKeyId, month, toNextInvoice = 0 } of found) {
    const key = `${apiKeyId}:${month}`
    units.set(key, (units.get(key) ?? 0) + toNextInvoice)
  }
  return units
}
