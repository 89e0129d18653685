import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { partitionOf } from '../../src/rules/partition.ts'
import type { QuotaCounters, ReserveRequest } from '../../src/streams/quota-counters.ts'
import type { RedisCluster } from '../redis-cluster.ts'
import { startRedisCluster } from '../servers.ts'
import { type ApiProcess, newKey, type QuotaWorld, quotaWorld, tally, wish } from './quota-world.ts'

let cluster: RedisCluster
let world: QuotaWorld

beforeAll(async () => {
  cluster = await startRedisCluster(3)
  world = await quotaWorld({ url: cluster.url, budgetMs: 1_000 })
})

afterEach(() => world.closeProcesses())

afterAll(async () => {
  await world.stop()
  await cluster.stop()
})

/** 48 keys, three in each partition. */
function keysOfEveryPartition(): string[] {
  const found = new Map<number, string[]>()
  while ([...found.values()].filter((keys) => keys.length === 3).length < 16) {
    const key = newKey()
    const keys = found.get(partitionOf(key)) ?? []
    if (keys.length < 3) found.set(partitionOf(key), [...keys, key])
  }
  return [...found.values()].flat()
}

async function lanesAway({ registry }: ApiProcess): Promise<number> {
  const metrics = await registry.metrics()
  return Number(/^getcomplical_quota_redis_away (\d+)$/m.exec(metrics)?.[1])
}

describe('on a Redis Cluster of three masters', () => {
  test('limits are exact for keys of every partition, asked by two processes at once', async () => {
    const processes = [await world.apiProcess(), await world.apiProcess()]
    const keys = keysOfEveryPartition()
    const wishes = keys.flatMap((key) =>
      Array.from({ length: 30 }, (_, i): [QuotaCounters, ReserveRequest] => [
        processes[i % 2] as QuotaCounters,
        wish(key, { monthlyLimit: 20 }),
      ]),
    )
    expect(await tally(wishes)).toMatchObject({
      granted: keys.length * 20,
      QUOTA_EXCEEDED: keys.length * 10,
    })
    for (const key of keys) expect(await world.counted(key)).toBe(20)
  })

  test('a master that is away takes only its own keys out of the common count', async () => {
    const counters = await world.apiProcess()
    const keys = keysOfEveryPartition()
    const eachOnce = () => tally(keys.map((key) => [counters, wish(key)] as const))
    expect(await eachOnce()).toMatchObject({ granted: keys.length })
    const [node] = cluster.nodes
    await node?.kill('SIGKILL')
    expect(await eachOnce()).toMatchObject({ granted: keys.length })
    expect(await eachOnce()).toMatchObject({ granted: keys.length })
    expect(await lanesAway(counters)).toBe(node?.partitions.length)
    await node?.start()
    await cluster.healthy()
    await vi.waitFor(async () => expect(await lanesAway(counters)).toBe(0), 10_000)
    expect(await eachOnce()).toMatchObject({ granted: keys.length })
    for (const key of keys) expect(await world.counted(key)).toBe(4)
  })
})
