import type { Db } from 'mongodb'
import type { Buyer } from '../../rules/billing/invoice.ts'
import {
  type AccountMonth,
  type CountedEarlier,
  LATE_MONTHS,
} from '../../rules/billing/monthly-documents.ts'
import type { Seller } from '../../rules/billing/seller.ts'
import { monthName } from '../../rules/calendar-time.ts'
import type { Plans } from '../../rules/plan.ts'
import { accessHistory } from '../../store/access-history.ts'
import { type AccountDoc, accounts } from '../../store/accounts.ts'
import { keysOfAccounts } from '../../store/api-keys.ts'
import { invoiceAccounts } from '../../store/invoice-accounts.ts'
import { type InvoiceDoc, invoices } from '../../store/invoices.ts'
import { lifeOf } from '../../store/key-life.ts'
import { type MonthCell, usageCells } from '../../store/usage-cells.ts'
import { unchargedUsage } from '../../store/usage-charges.ts'

/** An account, and what its month is reckoned from. */
export interface AccountFacts {
  accountId: string
  /** Of what is issued for it, read before all the rest: whoever issues holds it against this. */
  version: number
  /** Before anything of it was read, ms: what became known since is not in it. */
  readAt: number
  buyer: Buyer
  reckoning: AccountMonth
}

export interface FactTools {
  db: Db
  plans: Plans
  seller: Seller
  /** ms since the epoch */
  clock: () => number
}

/**
 * @param month its start, ms
 * @returns those of the accounts that exist
 */
export async function readAccountFacts(
  { db, plans, seller, clock }: FactTools,
  accountIds: readonly string[],
  month: number,
): Promise<AccountFacts[]> {
  const readAt = clock()
  const ids = { $in: [...accountIds] }
  const positions = await invoiceAccounts(db).find({ _id: ids }).toArray()
  const first = Date.UTC(
    new Date(month).getUTCFullYear(),
    new Date(month).getUTCMonth() - LATE_MONTHS,
  )
  const [found, keys, changes, cells, issued] = await Promise.all([
    accounts(db).find({ _id: ids }).sort({ _id: 1 }).toArray(),
    keysOfAccounts(db, accountIds),
    accessHistory(db).find({ accountId: ids }).sort({ apiKeyId: 1, n: 1 }).toArray(),
    usageCells(db)
      .months.find({ accountId: ids, at: { $gte: new Date(first), $lte: new Date(month) } })
      .project<Pick<MonthCell, '_id' | 'total'>>({ total: 1 })
      .toArray(),
    issuedBefore(db, accountIds, month),
  ])
  const keyIds = [...keys.values()].flat().map(({ _id }) => _id)
  const uncharged = await unchargedUsage(db, keyIds)
  const totals = new Map(cells.map(({ _id, total }) => [_id, total]))
  const changesOf = Map.groupBy(changes, ({ apiKeyId }) => apiKeyId)
  const issuedTo = Map.groupBy(issued, ({ accountId }) => accountId)
  return found.map((account) => {
    const position = positions.find(({ _id }) => _id === account._id)
    return {
      ...{ accountId: account._id, version: position?.version ?? 0, readAt },
      buyer: buyerOf(account),
      reckoning: {
        ...{ month, currency: account.currency, plans, empty: position?.empty ?? [] },
        keys: (keys.get(account._id) ?? []).map((key) => ({
          ...{ apiKeyId: key._id, name: key.name, prefix: key.prefix },
          life: lifeOf(key, changesOf.get(key._id) ?? []),
        })),
        totalOf: (apiKeyId, of) => totals.get(`${apiKeyId}:${of}`) ?? 0,
        unchargedOf: (apiKeyId, of) => uncharged.get(`${apiKeyId}:${of}`) ?? 0,
        earlier: (issuedTo.get(account._id) ?? []).flatMap(countedBy),
        tax: { name: seller.taxName, rate: seller.taxRate },
      },
    }
  })
}

/** Of other months than this one: what its own documents have counted is what is reckoned now. */
async function issuedBefore(
  db: Db,
  accountIds: readonly string[],
  month: number,
): Promise<Pick<InvoiceDoc, '_id' | 'accountId' | 'kind' | 'basis'>[]> {
  return await invoices(db)
    .find({
      accountId: { $in: [...accountIds] },
      kind: { $in: ['INVOICE', 'USAGE_STATEMENT'] },
      status: { $ne: 'DRAFT' },
      month: { $ne: monthName(month) },
    })
    .project<Pick<InvoiceDoc, '_id' | 'accountId' | 'kind' | 'basis'>>({
      ...{ accountId: 1, kind: 1, basis: 1 },
    })
    .sort({ createdAt: 1, _id: 1 })
    .toArray()
}

export function countedBy({ kind, basis }: Pick<InvoiceDoc, 'kind' | 'basis'>): CountedEarlier[] {
  if (kind === 'CREDIT_NOTE') return []
  const plans = new Map(basis.plans.map((plan) => [plan.id, plan]))
  return basis.usage.map((usage) => ({ ...usage, kind, plan: plans.get(usage.tier) ?? null }))
}

function buyerOf({ name, billingName, billingAddress, taxId }: AccountDoc): Buyer {
  return { name: billingName ?? name, address: billingAddress ?? [], taxId: taxId ?? null }
}
