import { describe, expect, test } from 'vitest'
import { brokenPromises, heldIds, idsOf } from '../../../scripts/tax-ids.ts'
import { fromRules } from './shipped-data.ts'

const held = heldIds()
const now = idsOf(fromRules)

describe('ids that clients keep', () => {
  test('no obligation of the last release is gone, and no date means another period', () => {
    // Never mend this by editing the fixtures: `npm run tax:ids -- --help` says what a removal takes.
    expect(brokenPromises(held, now)).toEqual([])
  })

  test('the promise covers every obligation and thousands of dates', () => {
    expect(held.obligations).toHaveLength(218)
    expect(held.dates.size).toBeGreaterThan(2000)
    const countries = new Set([...held.dates.keys()].map((id) => id.slice(0, 2)))
    expect(countries.size).toBe(12)
  })

  test('a new id breaks nothing; one that is gone or means another period is named', () => {
    const dates = new Map([['xx-a:2025-12-31', '2025-01-01']])
    const before = { obligations: ['xx-a'], dates }
    const more = new Map([...dates, ['xx-b:2025-12-31', '2025-01-01']])
    expect(brokenPromises(before, { obligations: ['xx-a', 'xx-b'], dates: more })).toEqual([])
    expect(brokenPromises(before, { obligations: ['xx-b'], dates: new Map() })).toEqual([
      'xx-a: is gone',
      'xx-a:2025-12-31: is gone',
    ])
    const later = new Map([['xx-a:2025-12-31', '2025-07-01']])
    expect(brokenPromises(before, { obligations: ['xx-a'], dates: later })).toEqual([
      'xx-a:2025-12-31: began on 2025-01-01, now on 2025-07-01',
    ])
  })
})
