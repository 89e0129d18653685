import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { DAY } from '../../src/rules/calendar-time.ts'
import type { LiveTotals } from '../../src/streams/live-messages.ts'
import { exportBusiestKeys } from '../../src/workers/roll-up-usage/busiest-keys.ts'

const today = Date.UTC(2028, 1, 29)

function used(apiKeyId: string, dayTotal: number, day = today): LiveTotals {
  return {
    ...{ apiKeyId, accountId: 'acc_1', at: day, hour: day, hourTotal: 0, hourFailed: 0 },
    ...{ day, dayTotal, dayFailed: 0, month: day, monthTotal: 9_999, monthFailed: 0 },
  }
}

test('the ten busiest keys of the day are shown, and nobody else', async () => {
  const registry = new Registry()
  const known = Array.from({ length: 500 }, (_, n) => used(`key_${n}`, (n * 77) % 500))
  known.push(used('key_yesterday', 1_000_000, today - DAY))
  let now = today + DAY - 1
  exportBusiestKeys(
    registry,
    () => known,
    () => now,
  )
  const shown = async () => {
    const [metric] = await registry.getMetricsAsJSON()
    return metric?.values.map(({ value }) => value)
  }
  expect(await shown()).toEqual([499, 498, 497, 496, 495, 494, 493, 492, 491, 490])

  known.push(used('key_late', 10_000))
  expect((await shown())?.slice(0, 2)).toEqual([10_000, 499])
  expect(await shown()).toHaveLength(10)

  now += 1
  expect(await shown()).toEqual([])
})
