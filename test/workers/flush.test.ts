import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensurePartitions, ownedPartitions, takePartitions } from '../../src/store/partitions.ts'
import { producers } from '../../src/store/producers.ts'
import type { Blob } from '../../src/streams/usage-codec.ts'
import { flush } from '../../src/workers/roll-up-usage/flush.ts'
import { createKeyTotals } from '../../src/workers/roll-up-usage/key-totals.ts'
import { toOwned } from '../../src/workers/roll-up-usage/owned-partition.ts'
import { type TestDatabase, testDatabase } from '../servers.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())

function blobOf(producer: string): Blob {
  return {
    ...{ producer, from: 0, to: 1, base: Date.now() },
    ...{ who: [`key_${producer}`, 'acc_1', 'pro'], endpoints: ['taxDates'] },
    frames: [{ n: 1, events: [0, 0, 0, 1, 0] }],
  }
}

test('what a late read brings while the registry is asked waits for the next flush', async () => {
  const { db, client } = database
  const entry = { at: new Date(), seenAt: new Date(), host: 'here' }
  await producers(db).insertMany([
    { _id: 'p1', ...entry },
    { _id: 'p2', ...entry },
  ])
  await ensurePartitions(db)
  const session = client.startSession()
  const lsid = session.id?.id
  if (!lsid) throw new Error('a session without an id')
  const free = [0, 1].map((_id) => ({ _id, version: 0 }))
  await takePartitions(db, free, 'me', lsid, 3_000)
  const owned = (await ownedPartitions(db, 'me')).map(toOwned)
  const [early, late] = owned
  if (!early || !late) throw new Error('no partitions')
  const options = {
    ...{ db, session, owned, totals: createKeyTotals(db), now: Date.now() },
    ...{ sizeLimit: 1_000, prune: false },
  }

  early.entries = [{ id: '1-0', blob: blobOf('p1') }]
  const flushing = flush(options)
  late.entries = [{ id: '1-0', blob: blobOf('p2') }]
  const done = await flushing

  expect(done?.tally.unknown.size).toBe(0)
  expect(done?.checkpoints.map(({ partition }) => partition)).toEqual([early.partition])
  expect(late.entries).toHaveLength(1)
  await session.endSession()
})
