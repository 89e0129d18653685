import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BadInput } from '../../src/rules/bad-input.ts'
import {
  type AlertThreshold,
  checkedThresholds,
  presentLevel,
  reachedQuotaLevel,
  reachedThreshold,
  type ToldOfKey,
} from '../../src/rules/threshold.ts'

const month = '2026-11'
const of = (used: number, monthlyLimit: number | null = 1_000) => ({ month, used, monthlyLimit })
const warned: ToldOfKey = {
  quotaAlert: { month, monthlyLimit: 1_000, level: 'WARNING', percent: 80 },
}

describe('levels of the quota', () => {
  test.each([
    [0, null],
    [799, null],
    [800, 'WARNING'],
    [949, 'WARNING'],
    [950, 'CRITICAL'],
    [999, 'CRITICAL'],
    [1_000, 'EXCEEDED'],
    [5_000, 'EXCEEDED'],
  ])('%i of 1,000 is %s', (used, level) => {
    expect(reachedQuotaLevel(of(used), {})?.step.level ?? null).toBe(level)
  })

  test('a share that is no whole number is reached by the next one', () => {
    expect(reachedQuotaLevel(of(2, 3), {})).toBeNull()
    expect(reachedQuotaLevel(of(3, 3), {})?.step.level).toBe('EXCEEDED')
    expect(reachedQuotaLevel(of(6, 7), {})?.step.level).toBe('WARNING')
  })

  test('a jump raises the highest and passes the lower ones, highest first', () => {
    const jump = reachedQuotaLevel(of(1_200), {})
    expect(jump?.step.id).toBe('EXCEEDED:1000')
    expect(jump?.passed.map(({ id }) => id)).toEqual(['CRITICAL:1000', 'WARNING:1000'])
    expect(jump?.told).toEqual({ month, monthlyLimit: 1_000, level: 'EXCEEDED', percent: 100 })
  })

  test('what was told is neither told nor passed again', () => {
    expect(reachedQuotaLevel(of(949), warned)).toBeNull()
    expect(reachedQuotaLevel(of(950), warned)).toMatchObject({
      step: { level: 'CRITICAL', percent: 95, at: 950 },
      passed: [],
    })
  })

  test('another month and another limit begin anew; without a limit there is nothing to reach', () => {
    expect(reachedQuotaLevel({ ...of(800), month: '2026-12' }, warned)?.step.level).toBe('WARNING')
    expect(reachedQuotaLevel(of(8_000, 10_000), warned)?.step.id).toBe('WARNING:10000')
    expect(reachedQuotaLevel(of(8_000, null), warned)).toBeNull()
  })

  test('the largest limit that a plan may have is reckoned exactly', () => {
    const limit = Number.MAX_SAFE_INTEGER
    const eighty = Number((BigInt(limit) * 80n + 99n) / 100n)
    expect(reachedQuotaLevel(of(eighty - 1, limit), {})).toBeNull()
    expect(reachedQuotaLevel(of(eighty, limit), {})?.step.level).toBe('WARNING')
  })

  test('however usage grows and whichever reports are lost, each level is told at most once, in order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(400), { maxLength: 40 }), (steps) => {
        let told: ToldOfKey = {}
        let used = 0
        const levels: string[] = []
        for (const step of steps) {
          used += step
          const reached = reachedQuotaLevel(of(used), told)
          if (!reached) continue
          expect(reached.step.at).toBeLessThanOrEqual(used)
          levels.push(reached.step.level)
          told = { quotaAlert: reached.told }
        }
        expect(levels).toEqual([...new Set(levels)])
        expect(levels.length > 0).toBe(used >= 800)
      }),
    )
  })
})

test('the present level is that of this month and limit alone', () => {
  expect(presentLevel(warned, month, 1_000)).toBe('WARNING')
  expect(presentLevel(warned, '2026-12', 1_000)).toBeNull()
  expect(presentLevel(warned, month, 10_000)).toBeNull()
  expect(presentLevel({}, month, 1_000)).toBeNull()
})

describe('thresholds of one’s own', () => {
  const own: AlertThreshold[] = [{ percent: 50 }, { requests: 300 }, { percent: 150 }]

  test('are reached as shares of the limit or as numbers of calls', () => {
    expect(reachedThreshold(of(299), own, {})).toBeNull()
    const first = reachedThreshold(of(300), own, {})
    expect(first?.step).toEqual({ id: 'r300:300', level: 'THRESHOLD', percent: null, at: 300 })
    const second = reachedThreshold(of(500), own, { thresholdsTold: first?.told ?? never() })
    expect(second).toMatchObject({ step: { id: 'p50:1000', percent: 50 }, passed: [] })
    expect(second?.told).toEqual({ month, ids: ['r300:300', 'p50:1000'] })
  })

  test('a jump tells the highest alone', () => {
    const jump = reachedThreshold(of(1_600), own, {})
    expect(jump?.step.id).toBe('p150:1000')
    expect(jump?.passed.map(({ id }) => id)).toEqual(['p50:1000', 'r300:300'])
    expect(reachedThreshold(of(9_999), own, { thresholdsTold: jump?.told ?? never() })).toBeNull()
  })

  test('a share begins anew with another limit, a number of calls with another month', () => {
    const told = { thresholdsTold: { month, ids: ['r300:300', 'p50:1000'] } }
    expect(reachedThreshold(of(5_000, 10_000), own, told)?.step.id).toBe('p50:10000')
    expect(reachedThreshold({ ...of(300), month: '2026-12' }, own, told)?.step.id).toBe('r300:300')
  })

  test('without a limit numbers of calls alone count', () => {
    expect(reachedThreshold(of(9_999, null), own, {})?.passed).toEqual([])
    expect(reachedThreshold(of(9_999, null), [{ percent: 1 }], {})).toBeNull()
  })

  test('a share with decimals is reached by the first call that is as much', () => {
    for (const [percent, limit, at] of [
      [99.9, 1_000, 999],
      [0.01, 7, 1],
      [12.34, 10_000, 1_234],
      [12.34, 10_001, 1_235],
      [33.33, 3, 1],
      [1_000, 2 ** 49, 10 * 2 ** 49],
    ] as const) {
      expect(reachedThreshold(of(at - 1, limit), [{ percent }], {})).toBeNull()
      const step = { id: `p${percent}:${limit}`, level: 'THRESHOLD', percent, at }
      expect(reachedThreshold(of(at, limit), [{ percent }], {})?.step).toEqual(step)
    }
  })

  test('one that is a level of the quota is told as that level alone', () => {
    expect(reachedThreshold(of(1_000), [{ percent: 80 }, { percent: 100 }], {})).toBeNull()
  })
})

describe('what an owner may set', () => {
  test('is sorted, and the same twice is once', () => {
    const given = [{ requests: 9 }, { percent: 90 }, { percent: 5 }, { percent: 90 }]
    expect(checkedThresholds(given)).toEqual([{ percent: 5 }, { percent: 90 }, { requests: 9 }])
    expect(checkedThresholds([])).toEqual([])
  })

  test.each([
    ['more than 20', Array.from({ length: 21 }, (_, n) => ({ percent: n + 1 }))],
    ['neither', [{}]],
    ['both', [{ percent: 1, requests: 1 }]],
    ['0 %', [{ percent: 0 }]],
    ['1,001 %', [{ percent: 1_001 }]],
    ['less than 0 %', [{ percent: -5 }]],
    ['a thousandth of a per cent', [{ percent: 99.999 }]],
    ['no number', [{ percent: Number.NaN }]],
    ['half a call', [{ requests: 0.5 }]],
    ['no calls', [{ requests: 0 }]],
    ['more calls than are counted', [{ requests: 2 ** 53 }]],
  ])('is not %s', (_name, given) => {
    expect(() => checkedThresholds(given)).toThrow(BadInput)
  })
})

function never(): never {
  throw new Error('nothing was reached')
}
