import { describe, expect, test } from 'vitest'
import { chargeDelay, nextStep } from '../../../src/rules/billing/charge-step.ts'
import { isPeriodOver, meterInstant } from '../../../src/rules/billing/meter-instant.ts'
import { DAY, HOUR } from '../../../src/rules/calendar-time.ts'

const now = Date.UTC(2026, 10, 22, 12)
const MINUTE = 60_000
const fresh = {
  ...{ provider: 'STRIPE' as const, usageEnd: now - 2 * DAY, mustAsk: false },
  ...{ unknownSince: null, lastTriedAt: null },
}
/** A try that may have been taken, some time ago. */
const lost = (agoMs: number, lastAgoMs = agoMs) => ({
  ...{ ...fresh, unknownSince: now - agoMs, lastTriedAt: now - lastAgoMs },
})

describe('the next step with a charge', () => {
  test('is to hand it over, while no try can have been taken', () => {
    expect(nextStep(fresh, now)).toEqual({ do: 'send' })
    expect(nextStep({ ...fresh, lastTriedAt: now - 30 * DAY }, now)).toEqual({ do: 'send' })
    expect(nextStep({ ...fresh, usageEnd: now - 34 * DAY }, now)).toEqual({ do: 'send' })
  })

  test('is an invoice of ours, when nobody would take it any more', () => {
    const old = { ...fresh, usageEnd: now - 34 * DAY - 1 }
    expect(nextStep(old, now)).toEqual({ do: 'invoice' })
    expect(nextStep({ ...old, provider: 'PADDLE' }, now)).toEqual({ do: 'invoice' })
  })

  test('at Stripe is to send it again, as long as its identifier tells doubles', () => {
    expect(nextStep(lost(23 * HOUR - 1), now)).toEqual({ do: 'send' })
    expect(nextStep(lost(23 * HOUR, HOUR), now)).toEqual({ do: 'ask' })
    const wait = { do: 'wait', until: now + HOUR - 1 }
    expect(nextStep(lost(23 * HOUR, 1), now)).toEqual(wait)
  })

  test('at Stripe is to ask at once where another try would not tell', () => {
    expect(nextStep({ ...lost(2 * HOUR), mustAsk: true }, now)).toEqual({ do: 'ask' })
    const wait = { do: 'wait', until: now + 10 * MINUTE }
    expect(nextStep({ ...lost(50 * MINUTE), mustAsk: true }, now)).toEqual(wait)
  })

  test('at Paddle is to ask, once what was asked for is over', () => {
    const paddle = { provider: 'PADDLE' as const }
    const wait = { do: 'wait', until: now + 4 * MINUTE }
    expect(nextStep({ ...lost(MINUTE), ...paddle }, now)).toEqual(wait)
    expect(nextStep({ ...lost(5 * MINUTE), ...paddle }, now)).toEqual({ do: 'ask' })
  })

  test('is never an invoice while the provider may have it, however old it is', () => {
    const old = { usageEnd: now - 100 * DAY }
    expect(nextStep({ ...lost(99 * DAY), ...old }, now)).toEqual({ do: 'ask' })
    expect(nextStep({ ...lost(2 * HOUR), ...old }, now)).toEqual({ do: 'ask' })
  })
})

test('a charge that fails waits longer each time, and no shorter than it is told to', () => {
  expect([1, 2, 3, 4, 5, 50].map((tries) => chargeDelay(tries, null) / MINUTE)).toEqual([
    1, 5, 15, 60, 120, 120,
  ])
  expect(chargeDelay(1, 3 * HOUR)).toBe(3 * HOUR)
})

describe('the minute in which a day counts at Stripe', () => {
  const day = Date.UTC(2026, 10, 9)
  const morning = day + DAY + HOUR
  const common = {
    day,
    periodEnds: [],
    startedAt: day - 60 * DAY,
    now: morning,
    taken: new Set<number>(),
  }
  const of = (more: object) =>
    new Date(meterInstant({ ...common, ...more })).toISOString().slice(5, 16)

  test('is its last, or before it where others of the customer have theirs', () => {
    expect(of({})).toBe('11-09T23:59')
    const last = day + DAY - MINUTE
    expect(of({ taken: new Set([last, last - MINUTE]) })).toBe('11-09T23:57')
  })

  test('lies in the period that is open when it is sent', () => {
    // A period that ended at noon of that day is billed by then; the evening belongs to the next one.
    expect(of({ periodEnds: [day + 12 * HOUR] })).toBe('11-09T23:59')
    // One that ended in the night after it is over too.
    expect(of({ periodEnds: [day + DAY + 10 * MINUTE, day + 31 * DAY] })).toBe('11-10T00:10')
    const begun = day + DAY + 10 * MINUTE + 1
    expect(of({ periodEnds: [begun] })).toBe('11-10T00:11')
    expect(of({ periodEnds: [begun], taken: new Set([begun + MINUTE - 1]) })).toBe('11-10T00:12')
    // Sent days later, in the first minutes of the period that is open then.
    expect(of({ periodEnds: [day + 3 * DAY], now: day + 5 * DAY })).toBe('11-12T00:00')
  })

  test('is never before the subscription began, nor ahead', () => {
    expect(of({ startedAt: day + 23 * HOUR + 58 * MINUTE + 1 })).toBe('11-09T23:59')
    expect(of({ periodEnds: [morning - 30_000], now: morning })).toBe('11-10T01:00')
  })

  test('is over when another period has begun since', () => {
    const at = day + DAY - MINUTE
    const known = { periodEnds: [day + 2 * DAY], startedAt: day - DAY }
    expect(isPeriodOver(at, { ...known, now: morning })).toBe(false)
    expect(isPeriodOver(at, { ...known, now: day + 2 * DAY })).toBe(true)
  })
})
