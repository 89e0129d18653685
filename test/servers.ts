import { randomBytes } from 'node:crypto'
import type { Db, MongoClient } from 'mongodb'
import { inject } from 'vitest'
import { connectDatabase } from '../src/store/database.ts'
import { launchRedisCluster, type RedisCluster } from './redis-cluster.ts'
import { launchReplicaSet, type ReplicaSet } from './replica-set.ts'
import {
  launchMongod,
  launchRedis,
  type MongodOptions,
  type RedisOptions,
  type TestServer,
} from './server-process.ts'

export type { TestServer }

/** A real redis-server, set up as in production. */
export function startRedis(options: RedisOptions = {}): Promise<TestServer> {
  return launchRedis(inject('redisBinary'), options)
}

/** A MongoDB of its own (one-member replica set) for tests that kill it; others share one. */
export function startMongod(options: MongodOptions = {}): Promise<TestServer> {
  return launchMongod(inject('mongodBinary'), options)
}

/** Masters without replicas. */
export function startRedisCluster(masters = 3): Promise<RedisCluster> {
  return launchRedisCluster(inject('redisBinary'), masters)
}

export function startReplicaSet(members = 3): Promise<ReplicaSet> {
  return launchReplicaSet(inject('mongodBinary'), members)
}

export interface TestDatabase {
  /** Names the database, so it can be handed to processes as `MONGODB_URI`. */
  uri: string
  db: Db
  client: MongoClient
  /** Drops the database and closes the client. */
  drop(): Promise<void>
}

/** A database of its own on the run's MongoDB. */
export async function testDatabase(): Promise<TestDatabase> {
  const url = new URL(inject('mongodbUri'))
  url.pathname = `/test_${randomBytes(6).toString('hex')}`
  const uri = url.toString()
  const { db, client } = await connectDatabase({ uri })
  const drop = async () => {
    await db.dropDatabase()
    await client.close()
  }
  return { uri, db, client, drop }
}
