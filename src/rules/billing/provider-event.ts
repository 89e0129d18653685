import { z } from 'zod'
import type { BillingFact, FactLink } from './fact.ts'

/** An event that a provider has signed, in words that both providers share. */
export interface ProviderEvent {
  id: string
  type: string
  /** Of real money; null: the provider does not say. */
  live: boolean | null
  /** Null: of a kind that changes nothing. */
  says: EventContent | null
}

export type EventContent = {
  /** When it happened, ms. */
  at: number
} & (
  | { about: 'subscription'; of: AboutSubscription; invoice: SaidInvoice | null }
  | { about: 'refund'; refund: SaidRefund }
  | { about: 'dispute'; dispute: SaidDispute }
)

export interface AboutSubscription {
  /** The provider's id. */
  subscription: string
  /** The provider's id; null: it does not say. */
  customer: string | null
  fact: BillingFact
}

/** The provider's own invoice (Paddle: transaction), as an event shows it. */
export interface SaidInvoice {
  id: string
  /** As customers see it; null: it has none (yet). */
  number: string | null
  /** ms */
  createdAt: number
  paid: boolean
  /** Whole minor units. */
  total: number
  /** ISO 4217 */
  currency: string
}

/** Money that went back. */
export interface SaidRefund {
  /** What its amounts are told by: the charge (Stripe), the adjustment (Paddle). */
  id: string
  customer: string | null
  /** The provider's ids, as far as it names them. */
  subscription: string | null
  invoice: string | null
  /** All that went back of it by then, whole minor units: a later event of the same id holds more. */
  total: number
  currency: string
}

/** Somebody has asked his bank for the money back. */
export interface SaidDispute {
  id: string
  /** Null at Stripe: a dispute names its charge alone. */
  customer: string | null
  subscription: string | null
  charge: string | null
  reason: string | null
  total: number
  currency: string
}

/** A signed event that is not what its type promises: kept for an operator, changes nothing. */
export class UnreadableEvent extends Error {
  override readonly name = 'UnreadableEvent'
}

/** @throws UnreadableEvent naming every field that does not fit, and none of its content */
export function readAs<Schema extends z.ZodType>(
  schema: Schema,
  content: unknown,
): z.infer<Schema> {
  const read = schema.safeParse(content)
  if (read.success) return read.data
  const fields = read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new UnreadableEvent(fields.slice(0, MOST_TOLD).join('; '))
}

/** A list of a thousand wrong items would tell nobody more. */
const MOST_TOLD = 5

/** Null where the event lacks an amount: then it says whether it was paid, and no more. */
export function saidInvoice(
  about: Omit<SaidInvoice, 'id' | 'total' | 'currency'>,
  id: string | null,
  total: number | null | undefined,
  currency: string | null | undefined,
): SaidInvoice | null {
  if (id === null || total == null || currency == null) return null
  return { id, ...about, total, currency }
}

export const providerIdText = z.string().regex(/^[\x21-\x7e]{1,255}$/, 'is not an id')

/** An id, or the object that has it where the provider was asked to expand it. */
export const idOrObject = z
  .union([providerIdText, z.looseObject({ id: providerIdText }).transform(({ id }) => id)])
  .nullish()
  .transform((id) => id ?? null)

/** The same where nothing depends on it: what is no id is none. */
export const idIfAny = idOrObject.catch(null)

/** What is shown, and no more: too long or no text is nothing. */
export const shownText = z
  .string()
  .max(1_000)
  .nullish()
  .catch(null)
  .transform((text) => text ?? null)

/** Metadata may hold anything: what is no plain word names nobody. */
const word = z
  .string()
  .trim()
  .regex(/^[\x21-\x7e]{1,255}$/)
  .nullish()
  .catch(null)
  .transform((text) => text ?? null)

/** `metadata` of Stripe, `custom_data` of Paddle. */
export const linkOf = z
  .looseObject({ api_key: word, user_id: word })
  .nullish()
  .catch(null)
  .transform((data): FactLink => ({ apiKey: data?.api_key ?? null, userId: data?.user_id ?? null }))

export const noLink: FactLink = { apiKey: null, userId: null }

/** `usd`, `USD`: providers differ. */
export const currencyText = z
  .string()
  .regex(/^[A-Za-z]{3}$/, 'is not a currency')
  .transform((code) => code.toUpperCase())
