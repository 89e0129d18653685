import {
  type BillingFact,
  FACT_RANK,
  type FactContent,
  type SubscriptionStatus,
} from '../../src/rules/billing/fact.ts'

let made = 0

/** A fact unlike every other. */
export function fact(at: number, says: FactContent, apiKey: string | null = null): BillingFact {
  made += 1
  const rank = says.kind === 'snapshot' ? FACT_RANK.updated : FACT_RANK.invoice
  const place = { at, micros: 0, rank, eventId: `evt_${made}` }
  return { ...place, type: `test.${says.kind}`, says, link: { apiKey, userId: null } }
}

/** The subscription as its provider saw it then: on plan `starter`, from that instant on unless told otherwise. */
export function snapshot(
  at: number,
  apiKey: string | null,
  status: SubscriptionStatus | null,
  more: {
    unpaid?: boolean
    endsAt?: number | null
    startedAt?: number | null
    priceIds?: string[]
  } = {},
): BillingFact {
  const { unpaid = false, endsAt = null, startedAt = null, priceIds = ['price_starter'] } = more
  const says = { kind: 'snapshot' as const, status, unpaid, priceIds, endsAt, startedAt }
  return fact(at, { ...says, currentPeriodEnd: null }, apiKey)
}

export const failed = (at: number) => fact(at, { kind: 'paymentFailed' })
export const paid = (at: number) => fact(at, { kind: 'paid' })
