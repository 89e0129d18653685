import { describe, expect, test } from 'vitest'
import { HOUR } from '../../src/rules/calendar-time.ts'
import { dueDays } from '../../src/rules/due-runs.ts'
import { DAYS_PROVABLE_MS, HOURS_PROVABLE_MS } from '../../src/rules/usage-proof.ts'
import { DAYS_LIVE_MS, HOURS_LIVE_MS } from '../../src/store/usage-cells.ts'

const at = Date.parse
const none = new Set<string>()

describe('dueDays', () => {
  test('yesterday is due from 01:00 UTC on, not before', () => {
    const first = at('2026-11-20T05:00:00Z')
    expect(dueDays(at('2026-11-22T00:59:59.999Z'), first, none)).toEqual(['2026-11-20'])
    const due = ['2026-11-20', '2026-11-21']
    expect(dueDays(at('2026-11-22T01:00:00Z'), first, none)).toEqual(due)
  })

  test('nothing is due without usage, nor what was done', () => {
    expect(dueDays(at('2026-11-22T02:00:00Z'), null, none)).toEqual([])
    const done = new Set(['2026-11-20', '2026-11-21'])
    expect(dueDays(at('2026-11-22T02:00:00Z'), at('2026-11-20T00:00:00Z'), done)).toEqual([])
  })

  test('after a long pause: days whose hours still exist, and the last day of each month before', () => {
    expect(dueDays(at('2026-11-22T02:00:00Z'), at('2026-08-01T00:00:00Z'), none)).toEqual([
      '2026-08-31',
      '2026-09-30',
      '2026-10-31',
      '2026-11-16',
      '2026-11-17',
      '2026-11-18',
      '2026-11-19',
      '2026-11-20',
      '2026-11-21',
    ])
  })

  test('knows leap days and the turn of the year', () => {
    const leap = dueDays(at('2028-03-01T01:00:00Z'), at('2028-02-28T00:00:00Z'), none)
    expect(leap).toEqual(['2028-02-28', '2028-02-29'])
    const year = dueDays(at('2027-01-01T01:00:00Z'), at('2026-12-31T23:00:00Z'), none)
    expect(year).toEqual(['2026-12-31'])
  })
})

test('nothing is held against cells that may have expired, with an hour for clocks', () => {
  expect(HOURS_PROVABLE_MS).toBe(HOURS_LIVE_MS - HOUR)
  expect(DAYS_PROVABLE_MS).toBe(DAYS_LIVE_MS - HOUR)
})
