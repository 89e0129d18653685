import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type DayOfKey, type GroupedBy, usageGroups } from '../../src/rules/usage-groups.ts'

function cell(
  apiKeyId: string,
  at: number,
  endpoints: Record<string, number>,
  failed = 0,
): DayOfKey {
  const total = Object.values(endpoints).reduce((sum, units) => sum + units, 0)
  return { apiKeyId, tier: apiKeyId === 'key_a' ? 'pro' : 'free', at, total, failed, endpoints }
}

const cells = [
  cell('key_a', 1, { taxDates: 5, countries: 1 }, 2),
  cell('key_a', 2, { taxDates: 1 }),
  cell('key_b', 2, { countries: 20 }),
  cell('key_c', 2, {}),
]

test('by key: each with its total, its failures and its days, most used first', () => {
  expect(usageGroups(cells, 'KEY')).toEqual([
    { name: 'key_b', total: 20, failed: 0, days: new Map([[2, 20]]) },
    {
      ...{ name: 'key_a', total: 7, failed: 2 },
      days: new Map([
        [1, 6],
        [2, 1],
      ]),
    },
  ])
})

test('by endpoint failures are not known', () => {
  expect(
    usageGroups(cells, 'ENDPOINT').map(({ name, total, failed }) => [name, total, failed]),
  ).toEqual([
    ['countries', 21, null],
    ['taxDates', 6, null],
  ])
})

test('by plan keys come together', () => {
  const groups = usageGroups(cells, 'TIER')
  expect(groups.map(({ name, total }) => [name, total])).toEqual([
    ['free', 20],
    ['pro', 7],
  ])
})

test('whichever way it is split, the sum is the same, of all days and of each', () => {
  const days = fc.record({
    apiKeyId: fc.constantFrom('key_a', 'key_b', 'key_c'),
    at: fc.constantFrom(1, 2, 3),
    endpoints: fc.dictionary(fc.constantFrom('a', 'b'), fc.nat(100)),
    failed: fc.nat(5),
  })
  fc.assert(
    fc.property(fc.array(days), (drawn) => {
      const all = drawn.map(({ apiKeyId, at, endpoints, failed }) =>
        cell(apiKeyId, at, endpoints, failed),
      )
      const total = all.reduce((sum, one) => sum + one.total, 0)
      for (const by of ['KEY', 'ENDPOINT', 'TIER'] satisfies GroupedBy[]) {
        const groups = usageGroups(all, by)
        expect(groups.reduce((sum, group) => sum + group.total, 0)).toBe(total)
        for (const group of groups) {
          const ofDays = [...group.days.values()].reduce((sum, units) => sum + units, 0)
          expect(ofDays).toBe(group.total)
        }
      }
    }),
  )
})
