import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LiveTotals } from '../../src/streams/live-messages.ts'
import { asOf, isNewer, type LiveState } from '../../src/streams/live-state.ts'
import { createLiveSubscriber, GAP_MS } from '../../src/streams/live-subscriber.ts'
import { liveTotals } from '../live-totals.ts'

/** A subscriber whose clock is turned by hand. */
function made() {
  const seen = { now: 0, delivered: 0, superseded: 0, ended: 0 }
  const subscriber = createLiveSubscriber({
    clock: () => seen.now,
    onEnd: () => {
      seen.ended += 1
    },
    onDelivered: () => {
      seen.delivered += 1
    },
    onSuperseded: () => {
      seen.superseded += 1
    },
  })
  return { seen, subscriber }
}

function state(monthTotal: number, more: Partial<LiveTotals> = {}): LiveState {
  return { totals: liveTotals({ monthTotal, ...more }), tier: 'free' }
}

test('a state waits for its gap and is replaced by a newer one meanwhile', async () => {
  const { seen, subscriber } = made()
  subscriber.offer(state(1))
  expect((await subscriber.next()).value?.totals.monthTotal).toBe(1)
  const next = subscriber.next()
  for (const total of [2, 3, 4]) subscriber.offer(state(total))
  seen.now = GAP_MS - 1
  subscriber.flush()
  expect(seen.delivered).toBe(1)
  seen.now = GAP_MS
  subscriber.flush()
  expect((await next).value?.totals.monthTotal).toBe(4)
  expect(seen).toMatchObject({ delivered: 2, superseded: 2 })
})

test('a state that was handed over late does not hold up the next', async () => {
  const { seen, subscriber } = made()
  const at: number[] = []
  const reading = (async () => {
    for await (const _state of subscriber) at.push(seen.now)
  })()
  // Fifteen states a second for ten seconds, looked at every 30 ms.
  for (let turn = 0; turn < 334; turn++) {
    seen.now = turn * 30
    if (turn % 2 === 0) subscriber.offer(state(turn + 1))
    subscriber.flush()
    await new Promise(setImmediate)
  }
  await subscriber.return()
  await reading
  expect(at.length).toBeGreaterThanOrEqual(99)
  expect(at.length).toBeLessThanOrEqual(102)
})

test('another key does not wait for the gap of the first', async () => {
  const { subscriber } = made()
  subscriber.offer(state(1))
  await subscriber.next()
  subscriber.offer(state(2))
  subscriber.offer(state(7, { apiKeyId: 'key_other' }))
  expect((await subscriber.next()).value?.totals).toMatchObject({
    apiKeyId: 'key_other',
    monthTotal: 7,
  })
})

test('a consumer that never asks costs one state per key', async () => {
  const { seen, subscriber } = made()
  for (let total = 1; total <= 10_000; total++) {
    subscriber.offer(state(total, { apiKeyId: `key_${total % 3}` }))
  }
  expect(seen.superseded).toBe(10_000 - 3)
  const rest = [await subscriber.next(), await subscriber.next(), await subscriber.next()]
  expect(rest.map(({ value }) => value?.totals.monthTotal).sort()).toEqual([10_000, 9_998, 9_999])
})

test('the first state is sent even when it says nothing, an older one never after it', async () => {
  const { seen, subscriber } = made()
  subscriber.begin(state(0))
  expect((await subscriber.next()).value?.totals.monthTotal).toBe(0)
  seen.now = 1_000
  const next = subscriber.next()
  subscriber.offer(state(0))
  subscriber.offer(state(5))
  expect((await next).value?.totals.monthTotal).toBe(5)
})

test('what came by the stream while the first state was read is not taken back by it', async () => {
  const { subscriber } = made()
  subscriber.offer(state(9))
  subscriber.begin(state(8))
  expect((await subscriber.next()).value?.totals.monthTotal).toBe(9)
})

test('failed calls alone send nothing within an hour, and the next hour something', async () => {
  const { seen, subscriber } = made()
  subscriber.offer(state(5))
  await subscriber.next()
  seen.now = 1_000
  subscriber.offer(state(5, { monthFailed: 1 }))
  const next = subscriber.next()
  subscriber.flush()
  expect(seen.delivered).toBe(1)
  const { hour } = state(0).totals
  subscriber.offer(state(5, { monthFailed: 2, hour: hour + 3_600_000, hourTotal: 0 }))
  expect((await next).value?.totals.hourTotal).toBe(0)
})

test('leaving settles who waits, ends the subscription once and refuses what comes after', async () => {
  const { seen, subscriber } = made()
  const parked = subscriber.next()
  await subscriber.return()
  await subscriber.return()
  expect(await parked).toEqual({ done: true, value: undefined })
  subscriber.offer(state(1))
  expect(await subscriber.next()).toEqual({ done: true, value: undefined })
  expect(seen).toMatchObject({ ended: 1, delivered: 0 })
  await expect(subscriber.throw?.(new Error('gone'))).rejects.toThrow('gone')
})

test('in whatever order states come, what is sent only grows and ends with the newest', async () => {
  const months = [Date.UTC(2026, 9, 1), Date.UTC(2026, 10, 1)]
  const some = fc.record({
    monthTotal: fc.nat(20),
    monthFailed: fc.nat(3),
    month: fc.constantFrom(...months),
    gap: fc.nat(150),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(some, { minLength: 1, maxLength: 40 }), async (offers) => {
      const { seen, subscriber } = made()
      const sent: LiveTotals[] = []
      const reading = (async () => {
        for await (const { totals } of subscriber) sent.push(totals)
      })()
      for (const { gap, ...more } of offers) {
        subscriber.offer({ totals: liveTotals(more), tier: 'free' })
        seen.now += gap
        subscriber.flush()
        await Promise.resolve()
      }
      for (let turn = 0; turn < 5; turn++) {
        seen.now += GAP_MS
        subscriber.flush()
        await new Promise(setImmediate)
      }
      await subscriber.return()
      await reading
      for (const [index, totals] of sent.entries()) {
        const before = sent[index - 1]
        if (before) expect(isNewer(totals, before)).toBe(true)
      }
      const newest = offers
        .map((offer) => liveTotals(offer))
        // From nothing on: a month without a call tells nothing, also where it comes first.
        .reduce<LiveTotals | undefined>(
          (best, next) => (isNewer(next, best) ? next : best),
          undefined,
        )
      expect(sent.at(-1)?.monthTotal ?? 0).toBe(newest?.monthTotal ?? 0)
    }),
  )
})

test('totals of an hour, day or month that is over read as zero in the running one', () => {
  const at = Date.parse('2026-11-30T23:59:59.900Z')
  const totals = liveTotals({ at, hourTotal: 1, dayTotal: 2, monthTotal: 3 })
  expect(asOf(totals, at + 50)).toMatchObject({ hourTotal: 1, dayTotal: 2, monthTotal: 3 })
  expect(asOf(totals, Date.parse('2026-12-01T00:00:00Z'))).toMatchObject({
    at: Date.parse('2026-12-01T00:00:00Z'),
    month: Date.parse('2026-12-01T00:00:00Z'),
    ...{ hourTotal: 0, dayTotal: 0, monthTotal: 0 },
  })
})
