import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { forge } from '../faults/billing-forgeries.ts'
import { tellHistories } from '../faults/billing-histories.ts'
import { killAtStep } from '../faults/billing-kills.ts'
import { measureAnswers } from '../faults/billing-latency.ts'
import { rotateSecrets } from '../faults/billing-rotation.ts'
import { type BillingWorld, createBillingWorld } from '../faults/billing-world.ts'
import { startRedis, type TestServer } from '../servers.ts'

/** Promises 10 to 14 in small; `npm run test:faults -- --row billing-…` runs their full figures. */
let redis: TestServer
let world: BillingWorld

const seed = Math.floor(Math.random() * 2 ** 31)
const servers = () => ({ redisUrl: redis.url, mongod: { url: inject('mongodbUri') } })

beforeAll(async () => {
  console.log(`seed ${seed}`)
  redis = await startRedis()
  world = await createBillingWorld({ redisUrl: redis.url, mongodbUri: inject('mongodbUri') })
})
afterAll(async () => {
  await world.close()
  await redis.stop()
})

// First, while nothing has been written yet.
test('forged and mutated web hooks are refused, and write nothing', async () => {
  expect(await forge(world, 1_500, seed)).toMatchObject({ done: 1_500, wrong: [] })
})

describe('random histories come to the same in order and shuffled, each event several times', () => {
  test.each([
    ['STRIPE', 'asked about ties', true],
    ['STRIPE', 'not asked', false],
    ['PADDLE', 'not asked', false],
  ] as const)('of %s, %s', async (provider, _, fetch) => {
    const verdict = await tellHistories(world, {
      ...{ provider, seed, histories: 5, fetch, workers: 2, most: 4 },
    })
    expect(verdict.wrong.slice(0, 2)).toEqual([])
    expect(verdict).toMatchObject({ refused: 0 })
    expect(verdict.changed).toBeGreaterThan(0)
  })
})

test('an event that was acknowledged is applied once, at whatever step its worker is killed', async () => {
  expect(await killAtStep(world, 5, seed)).toMatchObject({ done: 5, hit: 5, wrong: [] })
})

test('web hooks are answered within 200 ms while events are applied ten times slower', async () => {
  let measured = await measureAnswers(servers(), { webhooks: 75, perSecond: 75 })
  // Twice more: what applying does to answers it does each time, while a busy neighbour does not.
  for (let again = 0; again < 2 && measured.wrong.length > 0; again += 1) {
    measured = await measureAnswers(servers(), { webhooks: 75, perSecond: 75 })
  }
  expect(measured.wrong, measured.remarks.join()).toEqual([])
})

test('a secret is rotated in its file under traffic, and no good event is refused', async () => {
  expect(await rotateSecrets(servers(), 2)).toMatchObject({ done: 2, hit: 2, wrong: [] })
})
