import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseRetryAfter, RETRY_DELAYS_MS, retryDelay } from '../../src/rules/retry-schedule.ts'

describe('after a failed try the next comes', () => {
  test('after 5 s, 30 s, 5 min, 30 min, 2 h, 6 h, 12 h, and then never', () => {
    const delays = [1, 2, 3, 4, 5, 6, 7, 8].map((tries) => retryDelay(tries, null, 0))
    const seconds = delays.map((delay) => delay && delay / 1_000)
    expect(seconds).toEqual([5, 30, 300, 1_800, 7_200, 21_600, 43_200, null])
  })

  test('never sooner, and at most a fifth later', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), random, (tries, at) => {
        const delay = retryDelay(tries, null, at) ?? 0
        const scheduled = RETRY_DELAYS_MS[tries - 1] ?? 0
        expect(delay).toBeGreaterThanOrEqual(scheduled)
        expect(delay).toBeLessThanOrEqual(scheduled * 1.2)
      }),
    )
  })

  test('later where the receiver asks for it, but not sooner, and not once more', () => {
    expect(retryDelay(1, 60_000, 0.5)).toBe(60_000)
    expect(retryDelay(2, 1_000, 0)).toBe(30_000)
    expect(retryDelay(8, 60_000, 0)).toBeNull()
  })
})

describe('Retry-After', () => {
  const now = Date.UTC(2026, 10, 22, 20, 0, 0)

  test.each([
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7_000],
    ['1.5', 1_500],
    ['999999999', 86_400_000],
    ['Sun, 22 Nov 2026 20:05:00 GMT', 300_000],
    ['Sun, 22 Nov 2026 19:00:00 GMT', 0],
    ['Sun, 22 Nov 2099 19:00:00 GMT', 86_400_000],
  ])('%s is understood', (header, expected) => {
    expect(parseRetryAfter(header, now)).toBe(expected)
  })

  test.each([
    '',
    '-5',
    'soon',
    '1e3',
    '0x10',
    '2026-11-22T20:05:00Z',
    'Sun, 42 Nov 2026 20:05:00 GMT',
    '5, 6',
  ])('%j is not', (header) => {
    expect(parseRetryAfter(header, now)).toBeNull()
  })
})
