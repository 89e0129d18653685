import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type AccessEntry,
  daysText,
  type KeyLife,
  planDays,
  tiersHeld,
  wasAtProvider,
} from '../../../src/rules/billing/plan-days.ts'
import { DAY, startOfNextMonth } from '../../../src/rules/calendar-time.ts'

const november = Date.parse('2026-11-01')
const at = (text: string) => Date.parse(text)

type Status = AccessEntry['to']['billingStatus']

function access(tier: string, billingStatus: Status = 'NONE', revoked = false) {
  return { tier, billingStatus, revoked }
}

function life(given: Partial<KeyLife> = {}): KeyLife {
  return { createdAt: at('2026-01-01'), revokedAt: null, tier: 'starter', changes: [], ...given }
}

/** Each entry goes on from the one before. */
function changes(...entries: [string, AccessEntry['to']][]): AccessEntry[] {
  let from: AccessEntry['from'] = access('free')
  return entries.map(([when, to]) => {
    const entry = { at: at(when), from, to }
    from = to
    return entry
  })
}

/** `starter 1–15`, in the order of the first day. */
function held(key: KeyLife, month = november): string[] {
  const days = [...planDays(key, month).entries()]
  const groups = Map.groupBy(days, ([, plan]) => (plan ? plan.tier : 'none'))
  return [...groups].map(([tier, of]) => `${tier} ${daysText(of.map(([index]) => index))}`)
}

describe('the plan of a day', () => {
  test('without history is the one of today, since the key was made', () => {
    expect(held(life())).toEqual(['starter 1–30'])
    expect(held(life({ createdAt: at('2026-11-10T23:59:59.999Z') }))).toEqual([
      'none 1–9',
      'starter 10–30',
    ])
  })

  test('is the new one from the day of the change on, whatever the hour', () => {
    const up = changes(['2026-11-16T23:59:59.999Z', access('pro')])
    expect(held(life({ changes: up }))).toEqual(['free 1–15', 'pro 16–30'])
    const atMidnight = changes(['2026-11-16T00:00:00Z', access('pro')])
    expect(held(life({ changes: atMidnight }))).toEqual(['free 1–15', 'pro 16–30'])
  })

  test('is the last one where it changes twice', () => {
    const twice = changes(
      ['2026-11-10T08:00:00Z', access('pro')],
      ['2026-11-10T09:00:00Z', access('starter')],
      ['2026-11-20T08:00:00Z', access('pro')],
      ['2026-11-20T08:00:00Z', access('free')],
    )
    expect(held(life({ changes: twice }))).toEqual(['free 1–9, 20–30', 'starter 10–19'])
  })

  test('is none from the day of a revocation on, told by the key or by its history', () => {
    const ended = held(life({ revokedAt: at('2026-11-15T12:00:00Z') }))
    expect(ended).toEqual(['starter 1–14', 'none 15–30'])
    const entered = changes(['2026-11-15T12:00:00Z', access('starter', 'NONE', true)])
    expect(held(life({ changes: entered }))).toEqual(['free 1–14', 'none 15–30'])
    const sameDay = { createdAt: at('2026-11-15T01:00:00Z'), revokedAt: at('2026-11-15T02:00:00Z') }
    expect(held(life(sameDay))).toEqual(['none 1–30'])
  })

  test('comes from before the month, and knows nothing of changes after it', () => {
    const around = changes(
      ['2026-09-01T00:00:00Z', access('starter')],
      ['2026-12-01T00:00:00Z', access('pro')],
    )
    expect(held(life({ changes: around, tier: 'pro' }))).toEqual(['starter 1–30'])
  })

  test('exists 29 times in a February of a leap year', () => {
    expect(planDays(life({ createdAt: 0 }), at('2024-02-01'))).toHaveLength(29)
    expect(planDays(life({ createdAt: 0 }), at('2100-02-01'))).toHaveLength(28)
  })

  test('says whether it was a trial', () => {
    const trial = changes(
      ['2026-11-05T10:00:00Z', access('starter', 'TRIALING')],
      ['2026-11-19T10:00:00Z', access('starter', 'ACTIVE')],
    )
    const days = planDays(life({ changes: trial }), november)
    expect(days.filter((day) => day?.trial)).toHaveLength(14)
  })
})

test('days of plans and days without add up to the month, one by one', () => {
  const tiers = fc.constantFrom('free', 'starter', 'pro')
  const instants = fc.integer({ min: november - 5 * DAY, max: november + 40 * DAY })
  const entries = fc.array(fc.record({ at: instants, tier: tiers, revoked: fc.boolean() }))
  const lives = fc.record({ createdAt: instants, revokedAt: fc.option(instants), entries })
  fc.assert(
    fc.property(lives, ({ createdAt, revokedAt, entries: all }) => {
      const sorted = all.toSorted((a, b) => a.at - b.at)
      const made = sorted.map(({ at: when, tier, revoked }) => ({
        ...{ at: when, from: access('free') },
        to: access(tier, 'NONE', revoked),
      }))
      const key = life({ createdAt, revokedAt, changes: made })
      const days = planDays(key, november)
      expect(days.length).toBe((startOfNextMonth(november) - november) / DAY)
      for (const [index, day] of days.entries()) {
        // Day by day, told in another way: what was the last word before its end?
        const end = november + (index + 1) * DAY
        const word = sorted.filter((one) => one.at < end).at(-1)
        const gone = createdAt >= end || (revokedAt ?? Infinity) < end || word?.revoked
        expect(day?.tier ?? null).toBe(
          gone ? null : (word?.tier ?? (sorted.length ? 'free' : 'starter')),
        )
      }
    }),
  )
})

describe('the plans that decide about calls above the limit', () => {
  test('are those of the days, each where it was held last', () => {
    const back = changes(
      ['2026-11-10T08:00:00Z', access('pro')],
      ['2026-11-20T08:00:00Z', access('free')],
    )
    expect(tiersHeld(life({ changes: back }), november)).toEqual(['pro', 'free'])
  })

  test('hold the one that a revocation ended, also on the day it began', () => {
    const changed = changes(['2026-11-15T08:00:00Z', access('pro')])
    const key = life({ changes: changed, revokedAt: at('2026-11-15T20:00:00Z') })
    expect(tiersHeld(key, november)).toEqual(['free', 'pro'])
    expect(tiersHeld(key, at('2026-12-01'))).toEqual([])
  })
})

describe('a key was at a provider', () => {
  const month = november
  test.each<[string, AccessEntry[], boolean]>([
    ['never', [], false],
    ['all month', changes(['2026-09-01T00:00:00Z', access('pro', 'ACTIVE')]), true],
    ['from the last day on', changes(['2026-11-30T23:00:00Z', access('pro', 'ACTIVE')]), true],
    ['from the next month on', changes(['2026-12-01T00:00:00Z', access('pro', 'ACTIVE')]), false],
    [
      'until before',
      changes(
        ['2026-09-01T00:00:00Z', access('pro', 'ACTIVE')],
        ['2026-10-31T23:00:00Z', access('free', 'CANCELED')],
      ),
      false,
    ],
    [
      'until within',
      changes(
        ['2026-09-01T00:00:00Z', access('pro', 'PAST_DUE')],
        ['2026-11-01T00:00:01Z', access('free', 'CANCELED')],
      ),
      true,
    ],
  ])('%s', (_, entries, answer) => {
    expect(wasAtProvider(life({ changes: entries }), month)).toBe(answer)
  })
})
