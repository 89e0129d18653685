import { MongoClient } from 'mongodb'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { QuotaCounters, ReserveRequest } from '../../src/streams/quota-counters.ts'
import { type ApiProcess, newKey, type QuotaWorld, quotaWorld, tally, wish } from './quota-world.ts'

let world: QuotaWorld

beforeAll(async () => {
  world = await quotaWorld()
})

afterEach(() => {
  world.closeProcesses()
})

afterAll(() => world.stop())

/** ms that each took, one after the other, sorted. */
async function timed(times: number, reserve: () => Promise<unknown>): Promise<number[]> {
  const took: number[] = []
  for (let i = 0; i < times; i++) {
    const start = performance.now()
    await reserve()
    took.push(performance.now() - start)
  }
  return took.toSorted((a, b) => a - b)
}

/** Whether quotas are decided without Redis. */
async function isAway({ registry }: ApiProcess): Promise<boolean> {
  return (await registry.metrics()).includes('getcomplical_quota_redis_away 1')
}

async function metric({ registry }: ApiProcess, name: string): Promise<number> {
  const [, value] = new RegExp(`^${name} (\\S+)$`, 'm').exec(await registry.metrics()) ?? []
  return Number(value)
}

async function backAgain(...processes: ApiProcess[]): Promise<void> {
  for (const process_ of processes) {
    await vi.waitFor(async () => expect(await isAway(process_)).toBe(false), 10_000)
  }
}

describe.each([
  ['frozen', () => world.server.kill('SIGSTOP'), () => world.server.kill('SIGCONT')],
  ['killed', () => world.server.kill('SIGKILL'), () => world.server.start()],
])('while Redis is %s', (_how, stop, start) => {
  test('calls go on at once, from the last known count, and are in the counter afterwards', async () => {
    const counters = await world.apiProcess()
    const key = newKey()
    await tally(Array.from({ length: 40 }, () => [counters, wish(key)] as const))
    await stop()
    try {
      const [first = 0] = await timed(1, () => counters.reserve(wish(key)))
      // A frozen Redis never answers: whoever waited for it would wait for ever.
      expect(first).toBeLessThan(2_000)
      expect(await isAway(counters)).toBe(true)
      const took = await timed(500, () => counters.reserve(wish(key)))
      expect(took[Math.floor(took.length * 0.99)]).toBeLessThan(50)
      expect(await counters.reserve(wish(key))).toMatchObject({ used: 542 })
    } finally {
      await start()
    }
    await backAgain(counters)
    expect(await counters.reserve(wish(key))).toMatchObject({ used: 543 })
    expect(await world.counted(key)).toBe(543)
    expect(await metric(counters, 'getcomplical_quota_units_without_redis_total')).toBe(502)
  })

  test('hard limits hold on that count, before, during and after', async () => {
    const counters = await world.apiProcess()
    const [key, dear] = [newKey(), newKey()]
    const wishes = (times: number) =>
      Array.from({ length: times }, () => [counters, wish(key)] as const)
    expect(await tally(wishes(990))).toMatchObject({ granted: 990 })
    await counters.reserve(wish(dear, { units: 999 }))
    await stop()
    try {
      expect(await tally(wishes(15))).toMatchObject({ granted: 10, QUOTA_EXCEEDED: 5 })
      await expect(counters.reserve(wish(dear, { units: 2 }))).rejects.toMatchObject({
        code: 'QUOTA_EXCEEDED',
        used: 999,
      })
      const overage = wish(key, { hardLimit: null })
      expect(await counters.reserve(overage)).toMatchObject({ used: 1_001 })
    } finally {
      await start()
    }
    await backAgain(counters)
    expect(await tally(wishes(5))).toMatchObject({ granted: 0, QUOTA_EXCEEDED: 5 })
    expect([await world.counted(key), await world.counted(dear)]).toEqual([1_001, 999])
  })

  test('what is given back is not counted afterwards, whoever had reserved it', async () => {
    const counters = await world.apiProcess()
    const key = newKey()
    const before = await counters.reserve(wish(key, { units: 10 }))
    await stop()
    let straddling: Awaited<ReturnType<QuotaCounters['reserve']>>
    try {
      // Sent, but not answered: Redis may carry it out or not.
      straddling = await counters.reserve(wish(key, { units: 10 }))
      const during = await counters.reserve(wish(key, { units: 10 }))
      before.giveBack(1)
      during.giveBack(2)
      straddling.giveBack(3)
      expect(await counters.reserve(wish(key, { units: 10 }))).toMatchObject({ used: 34 })
    } finally {
      await start()
    }
    await backAgain(counters)
    straddling.giveBack(4)
    await counters.reserve(wish(newKey()))
    await vi.waitFor(async () => expect(await world.counted(key)).toBe(30))
  })

  test('a call that Redis may still carry out is not counted afterwards when it was given back', async () => {
    const counters = await world.apiProcess()
    const key = newKey()
    const before = await counters.reserve(wish(key, { units: 20 }))
    await stop()
    try {
      const straddling = await counters.reserve(wish(key, { units: 10 }))
      straddling.giveBack(10)
    } finally {
      await start()
    }
    await backAgain(counters)
    expect(await world.counted(key)).toBe(20)
    before.giveBack(5)
    await vi.waitFor(async () => expect(await world.counted(key)).toBe(15))
  })

  test('a give-back that Redis may still carry out is taken off once', async () => {
    const counters = await world.apiProcess()
    const key = newKey()
    const before = await counters.reserve(wish(key, { units: 20 }))
    await stop()
    try {
      before.giveBack(3)
      await vi.waitFor(async () => expect(await isAway(counters)).toBe(true))
    } finally {
      await start()
    }
    await backAgain(counters)
    expect(await world.counted(key)).toBe(17)
  })

  test('what was reserved and given back here is not taken off what others have used', async () => {
    const [counters, other] = [await world.apiProcess(), await world.apiProcess()]
    const key = newKey()
    await counters.reserve(wish(key))
    await other.reserve(wish(key, { units: 50 }))
    await stop()
    try {
      await counters.reserve(wish(newKey()))
      const during = await counters.reserve(wish(key, { units: 10 }))
      during.giveBack(10)
    } finally {
      await start()
    }
    await backAgain(counters, other)
    expect(await world.counted(key)).toBe(51)
  })

  test('a key that this process has not seen starts from its rolled-up month', async () => {
    const counters = await world.apiProcess()
    const key = newKey()
    await world.rollUp(key, 998)
    await stop()
    try {
      const wishes = Array.from({ length: 6 }, () => [counters, wish(key)] as const)
      expect(await tally(wishes)).toMatchObject({ granted: 2, QUOTA_EXCEEDED: 4 })
    } finally {
      await start()
    }
    await backAgain(counters)
    expect(await world.counted(key)).toBe(1_000)
  })

  test('each process keeps the rate by itself', async () => {
    const counters = await world.apiProcess()
    const request = wish(newKey(), { requestsPerSecond: 5 })
    await counters.reserve(wish(newKey()))
    await stop()
    try {
      await counters.reserve(wish(newKey()))
      const wishes = Array.from({ length: 20 }, () => [counters, request] as const)
      const { granted } = await tally(wishes)
      expect(granted).toBeGreaterThanOrEqual(5)
      expect(granted).toBeLessThanOrEqual(6)
    } finally {
      await start()
    }
    await backAgain(counters)
  })
})

describe('after Redis was away', () => {
  test('two processes that both went on are reported once each as soon as the roll-up has counted', async () => {
    const [a, b] = [await world.apiProcess(), await world.apiProcess()]
    const key = newKey()
    const request = wish(key, { monthlyLimit: 100 })
    const both = (times: number): [QuotaCounters, ReserveRequest][] =>
      Array.from({ length: times }, (_, i) => [i % 2 ? a : b, request])
    await tally(both(90))
    await Promise.all([a, b].map((process_) => process_.reserve({ ...request, hardLimit: null })))
    await world.server.kill('SIGSTOP')
    expect(await tally(both(40))).toMatchObject({ granted: 17, QUOTA_EXCEEDED: 23 })
    await world.server.kill('SIGCONT')
    await backAgain(a, b)
    a.raise([world.totals(key, 109)])
    await vi.waitFor(async () => expect(await world.counted(key)).toBe(109), 5_000)
    for (const process_ of [a, b, a, b]) {
      await expect(process_.reserve(request)).rejects.toMatchObject({ used: 109 })
    }
    for (const { logged } of [a, b]) {
      const told = logged.filter((line) => line.includes('above its hard limit'))
      expect(told).toHaveLength(1)
      expect(JSON.parse(told[0] ?? '{}')).toMatchObject({
        apiKeyId: key,
        used: 109,
        hardLimit: 100,
      })
    }
    expect(await metric(a, 'getcomplical_quota_overrun_units_total')).toBe(9)
  })

  test('one that came back empty is rebuilt from what the process knows', async () => {
    const counters = await world.apiProcess()
    const [busy, idle] = [newKey(), newKey()]
    await world.rollUp(busy, 5)
    await tally(Array.from({ length: 20 }, () => [counters, wish(busy)] as const))
    await tally(Array.from({ length: 20 }, () => [counters, wish(idle)] as const))
    await world.server.kill('SIGSTOP')
    await tally(Array.from({ length: 20 }, () => [counters, wish(busy)] as const))
    await world.server.kill('SIGCONT')
    await counters.redis.flushall()
    await backAgain(counters)
    expect(await counters.reserve(wish(busy))).toMatchObject({ used: 46 })
    expect(await counters.reserve(wish(idle))).toMatchObject({ used: 21 })
  })

  test('one that forgot its scripts is taught them again, with nothing counted twice', async () => {
    const counters = await world.apiProcess()
    const key = newKey()
    for (let i = 0; i < 5; i++) {
      await counters.redis.script('FLUSH')
      const results = await Promise.all([1, 2, 3].map(() => counters.reserve(wish(key))))
      results[0]?.giveBack(1)
      await vi.waitFor(async () => expect(await world.counted(key)).toBe(2 * (i + 1)))
    }
    expect(await isAway(counters)).toBe(false)
  })
})

describe('a Redis that takes no writes', () => {
  test('is as good as away while it is full', async () => {
    const counters = await world.apiProcess()
    const key = newKey()
    await counters.reserve(wish(key))
    await counters.redis.config('SET', 'maxmemory', '1')
    const refused = async () => {
      const stats = await counters.redis.info('errorstats')
      return Number(/errorstat_OOM:count=(\d+)/.exec(stats)?.[1] ?? 0)
    }
    let used = 1
    try {
      await vi.waitFor(async () => {
        expect(await counters.reserve(wish(key))).toMatchObject({ used: ++used })
        expect(await refused()).toBeGreaterThanOrEqual(6)
      }, 5_000)
      // The probes write too: it has not been taken for back in between.
      expect(counters.logged.filter((line) => line.includes('Redis is away'))).toHaveLength(1)
    } finally {
      await counters.redis.config('SET', 'maxmemory', '0')
    }
    await backAgain(counters)
    expect(await counters.reserve(wish(key))).toMatchObject({ used: used + 1 })
  })
})

describe('with MongoDB away', () => {
  let nowhere: MongoClient

  beforeAll(() => {
    nowhere = new MongoClient('mongodb://127.0.0.1:1', { serverSelectionTimeoutMS: 2_000 })
  })

  afterAll(() => nowhere.close())

  test('a first call is served, and a key that another process knows keeps its count', async () => {
    const [blind, seeing] = [await world.apiProcess(nowhere.db('x')), await world.apiProcess()]
    const [known, unknown] = [newKey(), newKey()]
    await world.rollUp(known, 700)
    await seeing.reserve(wish(known))
    expect(await blind.reserve(wish(known))).toMatchObject({ used: 702 })
    const [first = 0] = await timed(1, () => blind.reserve(wish(unknown)))
    expect(first).toBeLessThan(600)
    const [second = 0] = await timed(1, () => blind.reserve(wish(newKey())))
    expect(second).toBeLessThan(50)
  })

  test('and Redis too, calls are served all the same', async () => {
    const blind = await world.apiProcess(nowhere.db('x'))
    const key = newKey()
    await world.server.kill('SIGSTOP')
    try {
      const wishes = Array.from({ length: 20 }, () => [blind, wish(key)] as const)
      expect(await tally(wishes)).toMatchObject({ granted: 20 })
      const took = await timed(100, () => blind.reserve(wish(newKey())))
      expect(took[99]).toBeLessThan(50)
    } finally {
      await world.server.kill('SIGCONT')
    }
    await backAgain(blind)
    expect(await world.counted(key)).toBe(20)
  })
})
