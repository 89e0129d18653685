import { Redis } from 'ioredis'
import { MongoClient } from 'mongodb'
import { afterAll, expect, inject, it } from 'vitest'
import { freePort } from '../../src/embedded/free-port.ts'
import { mongodReady, mongodUri, startMongodServer } from '../../src/embedded/mongod-server.ts'
import { stopProcess } from '../../src/embedded/running-process.ts'
import { startMongod, startRedis, testDatabase } from '../servers.ts'

const cleanUp: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const step of cleanUp.reverse()) await step()
})

it('starts a Redis that keeps every write in its log and evicts nothing', async () => {
  const server = await startRedis()
  cleanUp.push(server.stop)
  const redis = new Redis(server.url)
  redis.on('error', () => {})
  cleanUp.push(async () => redis.disconnect())
  expect(await redis.config('GET', 'appendonly')).toEqual(['appendonly', 'yes'])
  expect(await redis.config('GET', 'appendfsync')).toEqual(['appendfsync', 'everysec'])
  expect(await redis.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction'])
  expect(await redis.config('GET', 'bind')).toEqual(['bind', '127.0.0.1'])

  await redis.set('kept', '1')
  await server.kill('SIGKILL')
  await server.start()
  const again = new Redis(server.url)
  cleanUp.push(async () => again.disconnect())
  expect(await again.get('kept')).toBe('1')
})

it('gives each test file a database in which transactions work', async () => {
  const { db, client, drop } = await testDatabase()
  cleanUp.push(drop)
  await db.createCollection('things')
  await client.withSession((session) =>
    session.withTransaction(async () => {
      await db.collection('things').insertOne({ a: 1 }, { session })
      await db.collection('things').insertOne({ a: 2 }, { session })
    }),
  )
  expect(await db.collection('things').countDocuments()).toBe(2)
})

it('bounds the life of a transaction to 10 s', async () => {
  const { client, drop } = await testDatabase()
  cleanUp.push(drop)
  const name = 'transactionLifetimeLimitSeconds'
  const answer = await client.db('admin').command({ getParameter: 1, [name]: 1 })
  expect(answer[name]).toBe(10)
})

it('brings a killed mongod back with its data', async () => {
  const server = await startMongod()
  cleanUp.push(server.stop)
  await insert(server.url, 1)
  await server.kill('SIGKILL')
  await server.start()
  expect(await count(server.url)).toBe(1)
})

it('moves the replica set to another port when the old one is gone', async () => {
  const server = await startMongod()
  cleanUp.push(server.stop)
  await insert(server.url, 1)
  await server.kill('SIGTERM')

  const port = await freePort()
  const binary = inject('mongodBinary')
  const moved = startMongodServer({ binary, dataDir: server.dataDir, port })
  cleanUp.push(() => stopProcess(moved, 5_000))
  await mongodReady(moved, port)
  await mongodReady(moved, port)
  await insert(mongodUri(port), 2)
  expect(await count(mongodUri(port))).toBe(2)
})

async function insert(uri: string, value: number): Promise<void> {
  await using client = await new MongoClient(uri).connect()
  await client.db().collection<{ _id: number }>('things').insertOne({ _id: value })
}

async function count(uri: string): Promise<number> {
  await using client = await new MongoClient(uri).connect()
  return await client.db().collection('things').countDocuments()
}
