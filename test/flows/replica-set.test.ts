import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { alerts } from '../../src/store/alerts.ts'
import { connectDatabase, type Database } from '../../src/store/database.ts'
import { deliveries } from '../../src/store/deliveries.ts'
import { usageCells } from '../../src/store/usage-cells.ts'
import { seededRandom } from '../faults/random.ts'
import { createHttpTraffic, type HttpTraffic } from '../http-traffic.ts'
import { type CreatedKey, type Product, startProduct } from '../product.ts'
import type { ReplicaSet } from '../replica-set.ts'
import { startRedis, startReplicaSet, type TestServer } from '../servers.ts'

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
const within = { timeout: 30_000, interval: 50 }

const cleanUp: (() => Promise<unknown>)[] = []
let set: ReplicaSet
let redis: TestServer
let database: Database
let product: Product
let traffic: HttpTraffic
/** Known to both API processes before anything happens. */
let known: CreatedKey[]

beforeAll(async () => {
  console.log(`replica set: seed ${seed}`)
  ;[set, redis] = await Promise.all([startReplicaSet(3), startRedis()])
  database = await connectDatabase({ uri: set.uri })
  cleanUp.push(set.stop, redis.stop, database.close)
  const servers = { REDIS_URL: redis.url, MONGODB_URI: set.uri }
  product = await startProduct({ apis: 2, workers: 2 }, servers)
  cleanUp.push(product.stop)
  const urls = () => product.apis.map(({ url }) => url)
  traffic = createHttpTraffic({ urls, random: seededRandom(seed) })
  known = await product.createKeys(20, 'enterprise')
  for (const { id } of known) await wantAlerts(id)
}, 120_000)
afterEach(() => traffic.flow(0))
afterAll(async () => {
  for (const end of cleanUp.reverse()) await end()
})

const grows = (value: () => number | Promise<number>, from: number) =>
  expect.poll(value, within).toBeGreaterThan(from)
const moreCalls = (count: number) => grows(traffic.answered, traffic.answered() + count)
const unavailable = { status: 503, code: 'UNAVAILABLE' }
const commits = () => product.metric('workers', 'rollup_commits_total')

/** Each known key is answered by each API process, so that both believe it from then on. */
async function becomeKnown(): Promise<void> {
  for (const { url } of product.apis) {
    const asked = known.map(async ({ secret }) => {
      const query = encodeURIComponent('{ monthlyUsage { totalRequests } }')
      const headers = { 'x-api-key': secret, accept: 'application/json' }
      return (await fetch(`${url}/graphql?query=${query}`, { headers })).status
    })
    expect(new Set(await Promise.all(asked))).toEqual(new Set([200]))
  }
}

/** Numbers of calls of which each known key wants to hear: some are reached all the time. */
const wanted = Array.from({ length: 20 }, (_, n) => 30 * (n + 1))

async function wantAlerts(id: string): Promise<void> {
  const thresholds = wanted.map((requests) => ({ requests }))
  const { data } = await product.administer(
    `mutation ($id: ID!, $thresholds: [AlertThresholdInput!]!) {
      setAlertThresholds(apiKeyId: $id, thresholds: $thresholds) { id }
    }`,
    { id, thresholds },
  )
  expect(data).toEqual({ setAlertThresholds: { id } })
}

/** Each number that a known key has reached is on record once, and each alert raised is delivered. */
async function alertsAreWhole(): Promise<void> {
  const ids = known.map(({ id }) => id)
  const months = await usageCells(database.db)
    .months.find({ apiKeyId: { $in: ids } })
    .toArray()
  const reached = months.flatMap(({ apiKeyId, total }) =>
    wanted.filter((calls) => calls <= total).map((calls) => `${apiKeyId} ${calls}`),
  )
  await vi.waitFor(async () => {
    const all = await alerts(database.db).find().toArray()
    // By what they say: their ids are single whatever happens.
    const told = all.map(({ _id, apiKeyId }) => `${apiKeyId} ${_id.split(':').at(-1)}`)
    expect(told.toSorted()).toEqual(reached.toSorted())
    const raised = all.filter(({ passed }) => !passed).length
    expect(raised).toBeGreaterThan(0)
    expect(await deliveries(database.db).countDocuments({ status: 'DELIVERED' })).toBe(raised)
  }, within)
  console.log(`${reached.length} thresholds reached, each on record once`)
}

/** Ends the traffic; then the ledger and MongoDB must agree, and known keys were never refused. */
async function settle(what: string): Promise<void> {
  traffic.flow(0)
  await traffic.idle()
  const { lost, double, faults } = await traffic.settle(database.db, 30_000)
  const refused = [...traffic.refused].map(([name, n]) => `${n} × ${name}`).join(', ') || 'none'
  console.log(
    `${what}: seed ${seed}, answered ${traffic.answered()}, refused ${refused}, ` +
      `slowest ${Math.round(traffic.takeSlowest())} ms, lost ${lost}, double ${double}`,
  )
  expect(faults).toEqual([])
  await alertsAreWhole()
}

/** Refused by every API process, whose view of the keys has to survive the election too. */
async function revokedWithinASecond({ id, secret }: CreatedKey): Promise<void> {
  const { data } = await product.administer(`mutation { revokeApiKey(id: "${id}") { status } }`)
  expect(data).toEqual({ revokeApiKey: { status: 'REVOKED' } })
  await vi.waitFor(
    async () => {
      for (const { url } of product.apis) {
        const headers = { 'x-api-key': secret }
        const { status } = await fetch(`${url}/api/v1/tax-dates?country=NZ&year=2025`, { headers })
        if (status !== 401) throw new Error(`${url} still answers ${status}`)
      }
    },
    { timeout: 1_000, interval: 50 },
  )
}

test('while the primary steps down no call of a known key is refused, and all are counted once', async () => {
  await becomeKnown()
  traffic.flow(150, known)
  await moreCalls(300)
  const before = await set.primary()
  const after = await set.stepDown()
  expect(after.member).not.toBe(before.member)
  await grows(commits, await commits())
  await moreCalls(300)
  await settle(`primary stepped down, term ${before.term} to ${after.term}`)
  expect([...traffic.refused]).toEqual([])
}, 120_000)

test('when the primary is killed its successor goes on, and a key that is revoked then is refused within a second', async () => {
  await becomeKnown()
  await set.healthy()
  const [unknown] = await product.createKeys(1, 'enterprise')
  if (!unknown) throw new Error('no key was made')
  traffic.flow(150, known)
  await moreCalls(300)
  const before = await set.primary()

  await before.member.kill('SIGKILL')
  const during = await traffic.call(unknown)
  expect(['200 null', '503 UNAVAILABLE']).toContain(`${during.status} ${during.code}`)
  const after = await set.electedAfter(before.term)
  expect(after.member).not.toBe(before.member)
  await grows(commits, await commits())
  await moreCalls(300)
  expect((await traffic.call(unknown)).status).toBe(200)
  await revokedWithinASecond(unknown)

  await before.member.start()
  await set.healthy()
  await settle(`primary killed, term ${before.term} to ${after.term}`)
}, 120_000)

test('while no member leads known keys are answered, unknown ones get 503, and only answers are counted', async () => {
  await becomeKnown()
  await set.healthy()
  const unknown = await product.createKeys(10, 'enterprise')
  traffic.flow(150, known)
  const { member } = await set.primary()
  const followers = set.members.filter((other) => other !== member)

  for (const follower of followers) await follower.kill('SIGKILL')
  await expect(
    vi.waitUntil(
      () =>
        set.primary().then(
          () => false,
          () => true,
        ),
      within,
    ),
  ).resolves.toBe(true)
  const answers = await Promise.all(unknown.map((key) => traffic.call(key)))
  expect(answers).toEqual(unknown.map(() => expect.objectContaining(unavailable)))
  const committed = await commits()
  await moreCalls(300)
  expect(await commits()).toBe(committed)

  await Promise.all(followers.map((follower) => follower.start()))
  await set.healthy()
  await grows(commits, committed)
  for (const key of unknown) expect((await traffic.call(key)).status).toBe(200)
  await settle('two of three members killed')
  expect([...traffic.refused.keys()]).toEqual(['503 UNAVAILABLE'])
}, 120_000)
