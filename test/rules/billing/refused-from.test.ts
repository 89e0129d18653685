import { describe, expect, test } from 'vitest'
import { decideAccess, type HeldSubscription } from '../../../src/rules/billing/key-access.ts'
import { refusedFrom } from '../../../src/rules/billing/refused-from.ts'
import type { SubscriptionState } from '../../../src/rules/billing/subscription-state.ts'
import { DAY } from '../../../src/rules/calendar-time.ts'

const now = Date.parse('2026-11-22T10:00:00Z')

let made = 0
function held(state: Partial<SubscriptionState>, graceDays = 14): HeldSubscription {
  const whole: SubscriptionState = {
    ...{ status: 'PAST_DUE', tier: 'starter', unpaid: false, currentPeriodEnd: null },
    ...{ endsAt: null, pastDueSince: now - DAY, startedAt: now - 40 * DAY },
    ...{ link: { apiKey: null, userId: null }, changedAt: now - DAY, changedBy: 'evt_1' },
    ...state,
  }
  made += 1
  return { id: `STRIPE:sub_${made}`, state: whole, graceDays }
}

describe('calls are refused', () => {
  test.each<[string, HeldSubscription[], number | null]>([
    ['at the end of the days of grace', [held({})], now + 13 * DAY],
    ['at the end of the longest of several graces', [held({}), held({}, 30)], now + 29 * DAY],
    ['at no time that is known, where nothing fails', [held({ status: 'ACTIVE' })], null],
    ['at no time, while another is paid for', [held({}), held({ status: 'ACTIVE' })], null],
    ['already, where the grace is over', [held({}, 1)], null],
    ['already, where it was given up', [held({ unpaid: true })], null],
    [
      'at the end of the grace of the one that was not given up',
      [held({}), held({ unpaid: true }, 90)],
      now + 13 * DAY,
    ],
    ['at no time, without a subscription', [], null],
  ])('%s', (_, subscriptions, expected) => {
    const at = refusedFrom(subscriptions, now)
    expect(at).toBe(expected)
    if (at === null) return
    expect(decideAccess(subscriptions, at - 1)?.blockedBecause).toBeNull()
    expect(decideAccess(subscriptions, at)?.blockedBecause).not.toBeNull()
  })
})
