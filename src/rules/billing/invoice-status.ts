import type { InvoiceKind } from './invoice.ts'

export const INVOICE_STATUSES = ['DRAFT', 'OPEN', 'PAID', 'VOID', 'UNCOLLECTIBLE'] as const

export type InvoiceStatus = (typeof INVOICE_STATUSES)[number]

/** What happens to a document; issuing it makes it OPEN, or PAID where nothing is to be paid. */
export type InvoiceEvent = 'pay' | 'void' | 'giveUp'

/**
 * Where each event leads; what is not here is refused. The same again changes nothing.
 *
 * | from          | pay  | void  | give up       |
 * | ------------- | ---- | ----- | ------------- |
 * | DRAFT         | –    | –     | –             |
 * | OPEN          | PAID | VOID  | UNCOLLECTIBLE |
 * | PAID          | PAID | –     | –             |
 * | VOID          | –    | VOID  | –             |
 * | UNCOLLECTIBLE | PAID | VOID  | UNCOLLECTIBLE |
 */
const transitions: Readonly<
  Record<InvoiceStatus, Readonly<Partial<Record<InvoiceEvent, InvoiceStatus>>>>
> = {
  DRAFT: {},
  OPEN: { pay: 'PAID', void: 'VOID', giveUp: 'UNCOLLECTIBLE' },
  PAID: { pay: 'PAID' },
  VOID: { void: 'VOID' },
  UNCOLLECTIBLE: { pay: 'PAID', void: 'VOID', giveUp: 'UNCOLLECTIBLE' },
}

/** Null: it cannot happen in this status. */
export function statusAfter(status: InvoiceStatus, event: InvoiceEvent): InvoiceStatus | null {
  return transitions[status][event] ?? null
}

/** From which statuses an event changes something. */
export function statusesBefore(event: InvoiceEvent): InvoiceStatus[] {
  return INVOICE_STATUSES.filter((status) => {
    const after = transitions[status][event]
    return after !== undefined && after !== status
  })
}

/** Where a total of nothing is issued, there is nothing to wait for. */
export function statusWhenIssued(total: number): InvoiceStatus {
  return total === 0 ? 'PAID' : 'OPEN'
}

/** What a provider's invoice says of the statement that names it. Times in ms. */
export interface ProviderPayment {
  subscription: string
  createdAt: number
  paidAt: number | null
}

/**
 * The provider's invoices that a statement is about: those made in its month; of a subscription without any
 * (a yearly one) the last one before.
 * @param month its start and its end, ms
 */
export function invoicesOfMonth<Payment extends ProviderPayment>(
  subscriptions: readonly string[],
  invoices: readonly Payment[],
  month: { start: number; end: number },
): Map<string, Payment[]> {
  const before = invoices
    .filter(({ createdAt }) => createdAt < month.end)
    .toSorted((a, b) => a.createdAt - b.createdAt)
  return new Map(
    subscriptions.map((subscription) => {
      const own = before.filter((one) => one.subscription === subscription)
      const within = own.filter(({ createdAt }) => createdAt >= month.start)
      return [subscription, within.length > 0 ? within : own.slice(-1)]
    }),
  )
}

/**
 * When a statement was paid at the provider, ms: the last payment of all that its month's invoices ask for. Null: not
 * yet, or a subscription's invoice is not known yet.
 */
export function paidAtProvider(invoices: ReadonlyMap<string, ProviderPayment[]>): number | null {
  const all = [...invoices.values()]
  if (all.length === 0 || all.some((ofOne) => ofOne.length === 0)) return null
  const paid = all.flat().map(({ paidAt }) => paidAt)
  return paid.some((at) => at === null) ? null : Math.max(...paid.map((at) => at ?? 0))
}

/** Who says that a document is paid. */
export function whyNotPayableByHand(kind: InvoiceKind): string | null {
  return kind === 'USAGE_STATEMENT'
    ? 'A statement is paid when the invoice of the provider that it names is paid.'
    : null
}
