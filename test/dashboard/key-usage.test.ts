import { describe, expect, test } from 'vitest'
import { keyUsage, type LiveTotal } from '../../dashboard/src/graphql/key-usage.ts'

const live: LiveTotal = {
  ...{ __typename: 'LiveUsage', apiKeyId: 'key_1', at: '2026-11-30T22:40:00.000Z' },
  ...{ hourRequests: 5, dayRequests: 70, monthRequests: 900, monthlyLimit: 1_000 },
  ...{ remaining: 100, resetsAt: '2026-12-01T00:00:00.000Z' },
}
const usageAt = (now: string) => keyUsage(live, undefined, 1_000, Date.parse(now))

describe('what a key has used, as time goes on and nothing is called', () => {
  test.each([
    [
      'within the hour',
      '2026-11-30T22:59:59.999Z',
      { hour: 5, day: 70, month: 900, remaining: 100 },
    ],
    [
      'in the next hour',
      '2026-11-30T23:00:00.000Z',
      { hour: 0, day: 70, month: 900, remaining: 100 },
    ],
    [
      'in the next month',
      '2026-12-01T00:00:00.000Z',
      { hour: 0, day: 0, month: 0, remaining: 1_000 },
    ],
  ])('%s', (_when, now, usage) => {
    expect(usageAt(now)).toEqual({ ...usage, limit: 1_000 })
  })

  test('on the next day of the same month', () => {
    const earlier = { ...live, at: '2026-11-29T23:59:59.000Z' }
    const now = Date.parse('2026-11-30T00:00:00.000Z')
    expect(keyUsage(earlier, undefined, 1_000, now)).toMatchObject({ hour: 0, day: 0, month: 900 })
  })
})

test('is what was read, until the first total comes', () => {
  const read = { totalRequests: 12, remaining: 88 }
  expect(keyUsage(undefined, read, 100, 0)).toMatchObject({ month: 12, remaining: 88, limit: 100 })
  expect(keyUsage(undefined, undefined, 100, 0)).toMatchObject({ month: 0, remaining: 100 })
  expect(keyUsage(undefined, undefined, null, 0)).toMatchObject({ month: 0, remaining: null })
})
