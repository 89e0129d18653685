import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { monthName, startOfNextMonth } from '../../src/rules/calendar-time.ts'
import type { QuotaCounters, ReserveRequest } from '../../src/streams/quota-counters.ts'
import { quotaKey } from '../../src/streams/quota-writes.ts'
import { newKey, type QuotaWorld, quotaWorld, tally, wish } from './quota-world.ts'

let world: QuotaWorld

beforeAll(async () => {
  world = await quotaWorld({ budgetMs: 1_000 })
})

afterEach(() => {
  world.closeProcesses()
  world.setClock()
})

afterAll(() => world.stop())

describe('the monthly quota', () => {
  test('grants exactly the limit to 1,500 simultaneous calls of three API processes', async () => {
    const processes = [await world.apiProcess(), await world.apiProcess(), await world.apiProcess()]
    const key = newKey()
    const wishes = Array.from({ length: 500 }, () =>
      processes.map((counters) => [counters, wish(key)] as [QuotaCounters, ReserveRequest]),
    ).flat()
    expect(await tally(wishes)).toMatchObject({ granted: 1_000, QUOTA_EXCEEDED: 500 })
    expect(await world.counted(key)).toBe(1_000)
    const [one] = processes
    const metrics = await one?.registry.metrics()
    // Calls of one tick share a script call.
    const calls = /getcomplical_quota_reserve_seconds_count (\d+)/.exec(metrics ?? '')
    expect(Number(calls?.[1])).toBeGreaterThan(0)
    expect(Number(calls?.[1])).toBeLessThan(50)
  })

  test('serves above the limit up to the cap on what is billed, exactly, over three API processes', async () => {
    const processes = [await world.apiProcess(), await world.apiProcess(), await world.apiProcess()]
    const key = newKey()
    const ask = (count: number, hardLimit: number | null) =>
      tally(
        Array.from({ length: count }, () =>
          processes.map(
            (counters) =>
              [counters, wish(key, { monthlyLimit: 200, hardLimit })] as [
                QuotaCounters,
                ReserveRequest,
              ],
          ),
        ).flat(),
      )
    expect(await ask(100, 250)).toMatchObject({ granted: 250, QUOTA_EXCEEDED: 50 })
    // Raised, each further call is granted once; lowered below what is used, none is.
    expect(await ask(20, 260)).toMatchObject({ granted: 10, QUOTA_EXCEEDED: 50 })
    expect(await ask(5, 220)).toMatchObject({ granted: 0, QUOTA_EXCEEDED: 15 })
    expect(await ask(5, null)).toMatchObject({ granted: 15 })
    expect(await world.counted(key)).toBe(275)
    const capped = wish(key, { monthlyLimit: 200, hardLimit: 275, units: 2 })
    await expect(processes[0]?.reserve(capped)).rejects.toThrow(
      'does not fit into the 200 units of the plan and the overage cap of 75 units (setOverageCap)',
    )
  })

  test('grants an operation of several units whole or not at all', async () => {
    const [a, b] = [await world.apiProcess(), await world.apiProcess()]
    const key = newKey()
    const wishes = Array.from({ length: 400 }, (_, i) => {
      const request = wish(key, { units: 1 + (i % 7), monthlyLimit: 500 })
      return [i % 2 ? a : b, request] as [QuotaCounters, ReserveRequest]
    })
    const { units } = await tally(wishes)
    expect(await world.counted(key)).toBe(units)
    // What is left fits no refused operation, or only one that came when less was left.
    expect(units).toBeLessThanOrEqual(500)
    expect(units).toBeGreaterThan(500 - 7)
    await expect(a.reserve(wish(key, { units: 501, monthlyLimit: 500 }))).rejects.toMatchObject({
      code: 'QUOTA_EXCEEDED',
      used: units,
    })
    expect(await world.counted(key)).toBe(units)
  })

  test('serves above the limit where the plan has overage, and without end where it has no limit', async () => {
    const counters = await world.apiProcess()
    const [paid, unlimited] = [newKey(), newKey()]
    for (let used = 1; used <= 5; used++) {
      const overage = wish(paid, { monthlyLimit: 3, hardLimit: null })
      expect(await counters.reserve(overage)).toMatchObject({ used, limit: 3 })
      const free = wish(unlimited, { monthlyLimit: null })
      expect(await counters.reserve(free)).toMatchObject({ used, limit: null })
    }
  })

  test('refuses with the seconds until the month begins anew', async () => {
    const counters = await world.apiProcess()
    const key = newKey()
    await world.rollUp(key, 10)
    const refused = await counters.reserve(wish(key, { monthlyLimit: 10 })).catch((error) => error)
    const resetsAt = startOfNextMonth(world.clock())
    expect(refused).toMatchObject({ code: 'QUOTA_EXCEEDED', status: 429, used: 10, resetsAt })
    expect(refused.retryAfter - (resetsAt - world.clock()) / 1_000).toBeCloseTo(0, -1)
  })

  test('begins anew with the month, and lets the old counter expire a week later', async () => {
    const counters = await world.apiProcess()
    const key = newKey()
    world.setClock(Date.UTC(2027, 0, 31, 23, 59, 59, 990))
    expect(await counters.reserve(wish(key, { monthlyLimit: 2, units: 2 }))).toMatchObject({
      used: 2,
      resetsAt: Date.UTC(2027, 1, 1),
    })
    world.setClock(Date.UTC(2027, 1, 1))
    expect(await counters.reserve(wish(key, { monthlyLimit: 2 }))).toMatchObject({
      used: 1,
      resetsAt: Date.UTC(2027, 2, 1),
    })
    const ttl = await counters.redis.ttl(quotaKey(key))
    expect(ttl).toBeGreaterThan(34 * 86_400)
    expect(ttl).toBeLessThanOrEqual(35 * 86_400)
    world.setClock(Date.UTC(2027, 2, 1))
    await counters.reserve(wish(key))
    const fields = await counters.redis.hkeys(quotaKey(key))
    expect(fields.toSorted()).toEqual(['2027-02', '2027-03', 'tat'])
  })

  test('gives back what was not billed, together with what others reserve meanwhile', async () => {
    const counters = await world.apiProcess()
    const key = newKey()
    const reservations = await Promise.all(
      Array.from({ length: 50 }, () => counters.reserve(wish(key, { units: 4 }))),
    )
    for (const reservation of reservations) reservation.giveBack(3)
    await vi.waitFor(async () => expect(await world.counted(key)).toBe(50))
    expect(await counters.reserve(wish(key))).toMatchObject({ used: 51 })
  })

  test('never counts below zero', async () => {
    const counters = await world.apiProcess()
    const key = newKey()
    const reservation = await counters.reserve(wish(key))
    await counters.redis.hset(quotaKey(key), monthName(world.clock()), 0)
    reservation.giveBack(1)
    await counters.reserve(wish(newKey()))
    await vi.waitFor(async () => expect(await world.counted(key)).toBe(0))
  })
})

describe('the rate', () => {
  test('is one bucket for all API processes, as deep as the rate', async () => {
    const [a, b] = [await world.apiProcess(), await world.apiProcess()]
    const key = newKey()
    const request = wish(key, { requestsPerSecond: 20, units: 3, monthlyLimit: null })
    await Promise.all([a.reserve(wish(newKey())), b.reserve(wish(newKey()))])
    const start = performance.now()
    const wishes = Array.from({ length: 100 }, (_, i) => [i % 2 ? a : b, request])
    const first = await tally(wishes as [QuotaCounters, ReserveRequest][])
    const spread = Math.ceil(((performance.now() - start) / 1_000) * 20)
    expect(first.granted).toBeGreaterThanOrEqual(19)
    expect(first.granted).toBeLessThanOrEqual(20 + spread)
    expect(first.RATE_LIMITED).toBe(100 - first.granted)
  })

  test('refills evenly and serves two API processes alike', async () => {
    const [a, b] = [await world.apiProcess(), await world.apiProcess()]
    const request = wish(newKey(), { requestsPerSecond: 50, monthlyLimit: null })
    // More than the rate, however slow the machine is.
    const several = (counters: QuotaCounters) =>
      tally(Array.from({ length: 20 }, () => [counters, request] as const))
    let [byA, byB] = [0, 0]
    const start = performance.now()
    while (performance.now() - start < 1_500) {
      const [first, second] = await Promise.all([several(a), several(b)])
      byA += first.granted
      byB += second.granted
    }
    const refilled = ((performance.now() - start) / 1_000) * 50
    expect(byA + byB).toBeLessThanOrEqual(50 + refilled + 1)
    expect(byA + byB).toBeGreaterThan(50 + refilled - 20)
    expect(Math.min(byA, byB)).toBeGreaterThan(10)
  })

  test('refuses with a second to wait and takes no quota; a refused quota takes no token', async () => {
    const counters = await world.apiProcess()
    const key = newKey()
    const request = wish(key, { requestsPerSecond: 2, monthlyLimit: 3 })
    expect(await tally([1, 2, 3].map(() => [counters, { ...request, units: 4 }]))).toMatchObject({
      QUOTA_EXCEEDED: 3,
    })
    const results = await tally([1, 2, 3].map(() => [counters, request]))
    expect(results).toMatchObject({ granted: 2, RATE_LIMITED: 1 })
    await expect(counters.reserve(request)).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      retryAfter: 1,
      used: 2,
    })
    expect(await world.counted(key)).toBe(2)
  })

  test('is kept over the change of the month', async () => {
    const counters = await world.apiProcess()
    const key = newKey()
    const request = wish(key, { requestsPerSecond: 2 })
    world.setClock(Date.UTC(2027, 0, 31, 23, 59, 59, 999))
    expect(await tally([1, 2].map(() => [counters, request]))).toMatchObject({ granted: 2 })
    world.setClock(Date.UTC(2027, 1, 1))
    await expect(counters.reserve(request)).rejects.toMatchObject({ code: 'RATE_LIMITED' })
  })
})

describe('a counter that is missing', () => {
  test('starts from the rolled-up month, however many ask at once', async () => {
    const processes = [await world.apiProcess(), await world.apiProcess()]
    const key = newKey()
    await world.rollUp(key, 990)
    const wishes = Array.from({ length: 40 }, (_, i) => [processes[i % 2], wish(key)])
    expect(await tally(wishes as [QuotaCounters, ReserveRequest][])).toMatchObject({
      granted: 10,
      QUOTA_EXCEEDED: 30,
    })
    expect(await world.counted(key)).toBe(1_000)
  })

  test('is rebuilt to the truth after FLUSHALL, calls included that no roll-up has seen', async () => {
    const counters = await world.apiProcess()
    const key = newKey()
    await world.rollUp(key, 100)
    let granted = 0
    let returned = 0
    for (let round = 0; round < 30; round++) {
      if (round % 10 === 5) await counters.redis.flushall()
      await Promise.all(
        Array.from({ length: 10 }, async (_, i) => {
          const reservation = await counters.reserve(wish(key, { units: 2 }))
          granted += 2
          if (i % 3 > 0) return
          reservation.giveBack(1)
          returned += 1
        }),
      )
    }
    await counters.reserve(wish(key))
    await vi.waitFor(async () =>
      expect(await world.counted(key)).toBe(100 + granted - returned + 1),
    )
  })

  test('is never created twice over what was used since', async () => {
    const [a, b] = [await world.apiProcess(), await world.apiProcess()]
    const key = newKey()
    await world.rollUp(key, 5)
    await Promise.all([a.reserve(wish(key)), b.reserve(wish(key))])
    for (let i = 0; i < 10; i++) await (i % 2 ? a : b).reserve(wish(key))
    expect(await world.counted(key)).toBe(17)
  })
})

describe('raise', () => {
  test('lifts a counter to the rolled-up total, creates a missing one, and lowers none', async () => {
    const counters = await world.apiProcess()
    const [low, high, absent] = [newKey(), newKey(), newKey()]
    await counters.reserve(wish(low))
    await counters.reserve(wish(high, { units: 50 }))
    counters.raise([world.totals(low, 30), world.totals(high, 30), world.totals(absent, 30)])
    await vi.waitFor(async () => expect(await world.counted(low)).toBe(30))
    expect(await world.counted(high)).toBe(50)
    expect(await world.counted(absent)).toBe(30)
    expect(await counters.reserve(wish(absent))).toMatchObject({ used: 31 })
  })

  test('is repeated until Redis is there to take it', async () => {
    const counters = await world.apiProcess()
    const key = newKey()
    await world.server.kill()
    counters.raise([world.totals(key, 30)])
    await vi.waitFor(() => expect(counters.logged.join()).toContain('Redis is away'), 5_000)
    await world.server.start()
    await vi.waitFor(async () => expect(await world.counted(key)).toBe(30), 5_000)
  })
})
