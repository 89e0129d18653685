import { monthName } from '../calendar-time.ts'
import { parseMonth } from '../usage-period.ts'
import type { InvoiceContent, MonthlyKind } from './invoice.ts'
import { monthWords, unitsAbove } from './invoice-lines.ts'
import { amountText } from './money.ts'
import { type AccountMonth, type CountedEarlier, monthlyDocuments } from './monthly-documents.ts'

/** What an issued document is held against. */
export interface AuditedMonth {
  content: InvoiceContent & { kind: MonthlyKind }
  /** As it was known when the document was issued, reckoned with the plans that were kept with it. */
  asKnown: Omit<AccountMonth, 'totalOf' | 'unchargedOf' | 'plans' | 'tax' | 'currency' | 'month'>
  /** Entries of the history that came after it was issued and concern its month. */
  changesSince: readonly { apiKeyId: string; at: number; recordedAt: number; because: string }[]
  /** Billed units by now. */
  totalNow(apiKeyId: string, month: string): number
  /** What all documents of the account have charged by now, this one included. */
  countedNow: readonly CountedEarlier[]
}

export interface Audit {
  /** Reckoned from today's roll-ups it says the same, and nothing is left to charge. */
  holds: boolean
  /** In plain words; never empty. */
  findings: string[]
  /** Calls that came after it was issued, of the months that it counts. */
  lateCalls: number
}

/** Reckons a document anew from what is known today. */
export function auditMonth(audited: AuditedMonth): Audit {
  const { content, changesSince } = audited
  const wrong = differences(audited)
  const late = lateCalls(audited)
  const changes = changesSince.map(
    ({ apiKeyId, at, recordedAt, because }) =>
      `A change of ${nameOf(content, apiKeyId)} of ${instant(at)} became known ${instant(recordedAt)}, after it was issued: ${because}.`,
  )
  const calls = content.basis.usage.reduce((sum, { total }) => sum + total, 0)
  const good = `It says what its basis amounts to: ${calls.toLocaleString('en-US')} calls, ${amountText(content.total, content.currency)} ${content.currency}.`
  return {
    holds: wrong.length === 0 && changes.length === 0 && !late.some(({ owed }) => owed !== 0),
    findings: [
      ...(wrong.length === 0 ? [good] : wrong),
      ...late.map(({ words }) => words),
      ...changes,
      ...(wrong.length === 0 && late.length === 0 ? ['No call came since.'] : []),
    ],
    lateCalls: late.reduce((sum, { calls: more }) => sum + more, 0),
  }
}

/** What differs between its lines and those of its basis, as that was known then. */
function differences({ content, asKnown }: AuditedMonth): string[] {
  const { basis, currency, kind, seller } = content
  const recorded = new Map(basis.usage.map((one) => [`${one.apiKeyId}:${one.month}`, one]))
  const month = parseMonth(content.month)
  // Of earlier months it records those that it charges late calls of: of the others it says nothing.
  const earlier = asKnown.earlier.filter(
    (one) => one.month === content.month || recorded.has(`${one.apiKeyId}:${one.month}`),
  )
  const { documents, problems } = monthlyDocuments({
    ...{ ...asKnown, earlier, month, currency },
    plans: new Map(basis.plans.map((plan) => [plan.id, plan])),
    tax: { name: seller.taxName, rate: seller.taxRate },
    totalOf: (apiKeyId, of) => recorded.get(`${apiKeyId}:${of}`)?.total ?? 0,
    unchargedOf: (apiKeyId, of) => unchargedThen(content, asKnown.earlier, `${apiKeyId}:${of}`),
  })
  const again = documents.find((one) => one.kind === kind)
  if (!again) {
    const why = problems.find((one) => one.kind === kind)?.because ?? 'nothing is to be charged'
    return [`Reckoned again it would not be issued: ${why}.`]
  }
  const [was, is] = [content.lines, again.lines].map((lines) =>
    lines.map(({ description, quantity, unitPrice, amount }) =>
      [description, quantity, unitPrice, amountText(amount, currency)].join(' · '),
    ),
  )
  const gone = was?.filter((line) => !is?.includes(line)) ?? []
  const more = is?.filter((line) => !was?.includes(line)) ?? []
  return [
    ...gone.map((line) => `It says, and reckoned again it would not: ${line}.`),
    ...more.map((line) => `Reckoned again it would say: ${line}.`),
    ...(content.total === again.total ? [] : ['Its total is not the sum of what it should say.']),
  ]
}

/** How many calls could not be charged at the provider when the document was issued: what it charged tells. */
function unchargedThen(
  { kind, basis }: InvoiceContent,
  earlier: readonly CountedEarlier[],
  key: string,
): number {
  const one = basis.usage.find(({ apiKeyId, month }) => `${apiKeyId}:${month}` === key)
  if (!one || one.home === 'INVOICE') return 0
  const before = earlier
    .filter((other) => `${other.apiKeyId}:${other.month}` === key && other.kind === kind)
    .reduce((sum, { charged }) => sum + charged, 0)
  const charged = before + one.charged
  const plan = basis.plans.find(({ id }) => id === one.tier) ?? null
  return kind === 'INVOICE' ? charged : unitsAbove(plan, one.total) - charged
}

function lateCalls({ content, totalNow, countedNow }: AuditedMonth) {
  const { basis } = content
  return basis.usage.flatMap(({ apiKeyId, month, total, tier }) => {
    const now = totalNow(apiKeyId, month)
    if (now === total) return []
    const plan = basis.plans.find(({ id }) => id === tier) ?? null
    const charged = countedNow
      .filter((one) => one.apiKeyId === apiKeyId && one.month === month)
      .reduce((sum, one) => sum + one.charged, 0)
    const owed = unitsAbove(plan, now) - charged
    const cost = unitsAbove(plan, now) - unitsAbove(plan, total)
    const which = `${now - total} calls of ${nameOf(content, apiKeyId)} in ${monthWords(parseMonth(month))}`
    const said = costWords(cost, owed)
    return [{ owed, calls: now - total, words: `${which} came after it was issued: ${said}.` }]
  })
}

function costWords(cost: number, owed: number): string {
  if (cost === 0) return 'they cost nothing, being within the limit or on a plan without overage'
  if (owed === 0) return `${cost} of them cost money and stand on a later document`
  return `${cost} of them cost money, and ${owed} are still to come on the next document`
}

function nameOf({ basis }: InvoiceContent, apiKeyId: string): string {
  const key = basis.keys.find((one) => one.apiKeyId === apiKeyId)
  return key ? `${key.name} (${key.prefix})` : apiKeyId
}

function instant(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** Whether an entry of a history falls into a month. */
export function concerns(at: number, month: string): boolean {
  return monthName(at) <= month
}
