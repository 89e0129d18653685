import { DAY, HOUR } from '../calendar-time.ts'
import type { BillingProvider } from './fact.ts'

/** How far a charge is. Times in ms. */
export interface ChargeProgress {
  provider: BillingProvider
  /** End of the day (Stripe) or month (Paddle) whose calls it charges. */
  usageEnd: number
  /** Since when some try may have been taken without our knowing; null: none can have been. */
  unknownSince: number | null
  /** Null: never. */
  lastTriedAt: number | null
  /** Another try would not tell: the last one was refused, or would count in a period that is over. */
  mustAsk: boolean
}

export type ChargeStep =
  /** Hand it over. */
  | { do: 'send' }
  /** Ask the provider whether it has it. */
  | { do: 'ask' }
  /** It is too early to ask. */
  | { do: 'wait'; until: number }
  /** The provider would not take it any more. */
  | { do: 'invoice' }

/** Stripe takes usage of the last 35 days, and counts days in its own way. */
export const OLDEST_MS = 34 * DAY

/** An identifier that was sent is told again for at least 24 hours; an hour less for clocks and for the way. */
export const PROTECTED_MS = 23 * HOUR

/**
 * From when on an answer to "do you have it?" is believed: Stripe adds up with some delay, and what Paddle was
 * asked may be under way for as long as a payment takes.
 */
export const SETTLED_MS: Readonly<Record<BillingProvider, number>> = {
  STRIPE: HOUR,
  PADDLE: 5 * 60_000,
}

/**
 * What is to be done next with a charge, so that it is taken once.
 *
 * | some try may have been taken | Stripe                                   | Paddle            |
 * | ---------------------------- | ---------------------------------------- | ----------------- |
 * | no                           | send                                     | send              |
 * | yes, less than 23 h ago      | send: the identifier tells doubles       | ask, after 5 min  |
 * | yes, longer ago              | ask, an hour after the last try          | ask, after 5 min  |
 *
 * What is older than 34 days is not sent any more; if it may have been taken it is asked about first.
 */
export function nextStep(charge: ChargeProgress, now: number): ChargeStep {
  const { provider, usageEnd, unknownSince, lastTriedAt, mustAsk } = charge
  const tooOld = now - usageEnd > OLDEST_MS
  if (unknownSince === null) return { do: tooOld ? 'invoice' : 'send' }
  const isProtected = provider === 'STRIPE' && now - unknownSince < PROTECTED_MS
  if (isProtected && !tooOld && !mustAsk) return { do: 'send' }
  const settled = (lastTriedAt ?? unknownSince) + SETTLED_MS[provider]
  return now < settled ? { do: 'wait', until: settled } : { do: 'ask' }
}

const MINUTE = 60_000
const DELAYS_MS = [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR] as const
const LONGEST_DELAY_MS = 2 * HOUR

/**
 * Before the next look at a charge, ms.
 * @param tries so far, from 1
 * @param retryAfterMs what the provider asked for
 */
export function chargeDelay(tries: number, retryAfterMs: number | null): number {
  return Math.max(DELAYS_MS[tries - 1] ?? LONGEST_DELAY_MS, retryAfterMs ?? 0)
}
