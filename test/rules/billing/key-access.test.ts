import { describe, expect, test } from 'vitest'
import type { SubscriptionStatus } from '../../../src/rules/billing/fact.ts'
import { decideAccess, type HeldSubscription } from '../../../src/rules/billing/key-access.ts'
import type { SubscriptionState } from '../../../src/rules/billing/subscription-state.ts'
import { DAY } from '../../../src/rules/calendar-time.ts'

const T = Date.UTC(2026, 10, 1)

function held(
  status: SubscriptionStatus | null,
  more: Partial<SubscriptionState> = {},
  graceDays = 14,
): HeldSubscription {
  const state: SubscriptionState = {
    ...{ status, tier: 'starter', unpaid: false, currentPeriodEnd: null, endsAt: null },
    ...{ pastDueSince: status === 'PAST_DUE' ? T : null, startedAt: T },
    ...{ link: { apiKey: null, userId: null }, changedAt: T, changedBy: 'evt_1', ...more },
  }
  return { id: `STRIPE:sub_${state.startedAt - T}`, state, graceDays }
}

describe('what a key may do with one subscription', () => {
  test.each([
    ['TRIALING', {}, 'starter', false],
    ['ACTIVE', {}, 'starter', false],
    ['ACTIVE', { endsAt: T + 20 * DAY }, 'starter', false],
    ['ACTIVE', { endsAt: T + 10 * DAY }, 'free', false],
    ['PAST_DUE', { pastDueSince: T + 10 * DAY - 14 * DAY + 1 }, 'starter', false],
    ['PAST_DUE', { pastDueSince: T + 10 * DAY - 14 * DAY }, 'starter', true],
    ['PAST_DUE', { pastDueSince: T + 9 * DAY, unpaid: true }, 'starter', true],
    ['PAST_DUE', { pastDueSince: T - 40 * DAY, endsAt: T }, 'free', false],
    ['PAUSED', {}, 'free', false],
    ['CANCELED', {}, 'free', false],
  ] as const)('%s %j: the plan %s, blocked %s', (status, more, tier, blocked) => {
    const access = decideAccess([held(status, more)], T + 10 * DAY)
    expect([access?.tier, access?.blockedBecause !== null]).toEqual([tier, blocked])
  })

  test('that has not begun, or whose price nobody knows, is none at all', () => {
    expect(decideAccess([held(null)], T)).toBeNull()
    expect(decideAccess([held('ACTIVE', { tier: null })], T)).toBeNull()
    expect(decideAccess([], T)).toBeNull()
  })

  test('changes by itself at the end of the grace, and at the end that is booked', () => {
    expect(decideAccess([held('PAST_DUE')], T + 1)?.nextChangeAt).toBe(T + 14 * DAY)
    expect(decideAccess([held('ACTIVE', { endsAt: T + 5 })], T)?.nextChangeAt).toBe(T + 5)
    expect(decideAccess([held('ACTIVE', { endsAt: T + 5 })], T + 5)).toMatchObject({
      ...{ nextChangeAt: null, shown: { status: 'CANCELED' } },
    })
  })
})

describe('what a key may do with several', () => {
  const old = held('PAST_DUE', { unpaid: true })
  const better = held('ACTIVE', { startedAt: T + 1, tier: 'pro' })

  test('is as good as the best of them, in whatever order they stand', () => {
    for (const some of [
      [old, better],
      [better, old],
    ]) {
      expect(decideAccess(some, T)).toMatchObject({ tier: 'pro', blockedBecause: null })
    }
    const ended = held('CANCELED', { startedAt: T + 1 })
    expect(decideAccess([old, ended], T)?.blockedBecause).toContain('"starter"')
  })

  test('shows the newest that is not CANCELED, else the last that was', () => {
    const newest = held('CANCELED', { startedAt: T + 9, endsAt: T + 9 })
    expect(decideAccess([old, better, newest], T + 10)?.shown.id).toBe(better.id)
    const endedLast = held('CANCELED', { startedAt: T, endsAt: T + 10 })
    expect(decideAccess([newest, endedLast], T + 10)?.shown.id).toBe(endedLast.id)
  })
})
