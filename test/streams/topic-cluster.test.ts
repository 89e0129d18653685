import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { connectRedis, type RedisClient } from '../../src/streams/redis.ts'
import type { Topic } from '../../src/streams/topic.ts'
import { createTopicFollower } from '../../src/streams/topic-follower.ts'
import { createTopicPublisher } from '../../src/streams/topic-publisher.ts'
import { silent } from '../asked.ts'
import type { RedisCluster } from '../redis-cluster.ts'
import { startRedisCluster } from '../servers.ts'

const topic: Topic = { name: 'things-that-happen' }
let cluster: RedisCluster
let redis: RedisClient

beforeAll(async () => {
  cluster = await startRedisCluster()
  redis = connectRedis(cluster.url)
})
afterAll(async () => {
  redis.disconnect()
  await cluster.stop()
})

test('a topic is published and followed on a Redis Cluster, also after its node lost everything', async () => {
  const heard: string[] = []
  const events = ['one', 'two']
  const source = {
    newest: async () => events.length,
    after: (number: number, limit: number) =>
      events.map((event, index) => ({ number: index + 1, event })).slice(number, number + limit),
  }
  const { publish } = createTopicPublisher({ redis, topic, databaseId: 'db-1', source })
  const follower = createTopicFollower({
    redis,
    topic,
    log: silent,
    after: () => heard.length,
    onEntries: (entries) => heard.push(...entries.map(({ event }) => event)),
    onFailure: () => {},
  })
  follower.start()
  await vi.waitFor(publish)
  await vi.waitFor(() => expect(heard).toEqual(['one', 'two']), { timeout: 5_000 })
  for (const { client } of cluster.nodes) await client.flushall()
  events.push('three')
  expect(await publish()).toBe(3)
  await vi.waitFor(() => expect(heard).toEqual(['one', 'two', 'three']), { timeout: 5_000 })
  follower.stop()
})
