import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { freePort } from '../../src/embedded/free-port.ts'
import { accessHistory } from '../../src/store/access-history.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { billingFacts } from '../../src/store/billing-facts.ts'
import { billingInbox } from '../../src/store/billing-inbox.ts'
import { billingNotices } from '../../src/store/billing-notices.ts'
import { billingSubscriptions } from '../../src/store/billing-subscriptions.ts'
import { connectDatabase } from '../../src/store/database.ts'
import { deliveries } from '../../src/store/deliveries.ts'
import { stripeEvent, stripeSubscription } from '../billing/stripe-events.ts'
import { signedNow, stripeSender } from '../billing/webhook-senders.ts'
import { untilResolves } from '../until.ts'
import type { BillingVerdict, OwnBillingServers } from './billing-rows.ts'
import { type BillingWorld, type SeededKey, WORLD_SECRET } from './billing-world.ts'
import { integer, seededRandom } from './random.ts'

/** Commands to MongoDB from taking an event to the end of its transaction: of one that writes a mail, too. */
const COMMANDS = 29
/** While each of them is on its way, and before the first. */
export const STEPS = COMMANDS + 1

/** One event of a subscription of its own, for a key of its own. */
interface Sent {
  key: SeededKey
  eventId: string
  subscription: string
}

/**
 * Promise 11: a fresh event each time, a worker that kills itself at the next step, and in the end one that
 * lives. What was acknowledged must be applied, once and wholly.
 */
export async function killAtStep(
  world: BillingWorld,
  count: number,
  seed: number,
): Promise<BillingVerdict> {
  const first = integer(seededRandom(seed), 0, STEPS - 1)
  const sent: Sent[] = []
  const died = new Map<string, number>()
  const verdict: BillingVerdict = { done: 0, hit: 0, checked: 0, wrong: [], remarks: [] }
  let next = 0
  // Two at a time: a process takes half a second of one core to start.
  const lane = async () => {
    while (next < count) {
      const step = (first + next) % STEPS
      next += 1
      sent.push(await sendOne(world))
      const when = step === 0 ? ('before' as const) : ('sent' as const)
      const killAt = { command: Math.max(step, 1), when }
      const child = await world.addWorker({ slots: 1, leaseMs: 1_500, killAt }, ([, name]) => {
        died.set(String(name), (died.get(String(name)) ?? 0) + 1)
      })
      await child.exited
      verdict.done += 1
      if (child.process.signalCode === 'SIGKILL') verdict.hit += 1
    }
  }
  await Promise.all([lane(), lane()])
  await world.addWorker({ leaseMs: 500 })
  await world.settled().catch((error: Error) => verdict.wrong.push(error.message))
  for (const one of sent) verdict.wrong.push(...(await whatIsWrong(world, one)))
  verdict.checked = sent.length
  // Else the steps above are no longer all that there are.
  if (count >= STEPS && !died.has('commitTransaction'))
    verdict.wrong.push('nobody died in a commit')
  verdict.remarks = [[...died].map(([name, times]) => `${name} ${times}`).join(', ')]
  return verdict
}

async function sendOne(world: BillingWorld): Promise<Sent> {
  const key = await world.addKey()
  const tag = randomBytes(6).toString('hex')
  const [eventId, subscription] = [`evt_${tag}`, `sub_${tag}`]
  const at = Math.floor(Date.now() / 1_000) - 3_600
  const about = stripeSubscription({
    ...{ id: subscription, customer: `cus_${tag}`, status: 'past_due', created: at },
    metadata: { api_key: key.apiKeyId },
  })
  const body = JSON.stringify(stripeEvent(eventId, 'customer.subscription.updated', at, about))
  const status = await world.deliver(stripeSender, body)
  if (status !== 200) throw new Error(`a good event was answered ${status}`)
  return { key, eventId, subscription }
}

/** Once and wholly: each part of what one event writes, and none of it twice. */
async function whatIsWrong(
  { db }: BillingWorld,
  { key, eventId, subscription }: Sent,
): Promise<string[]> {
  const { apiKeyId, accountId } = key
  const [inbox, of, facts, apiKey, history, notices, mails] = await Promise.all([
    billingInbox(db).findOne({ _id: `STRIPE:${eventId}` }),
    billingSubscriptions(db).findOne({ _id: `STRIPE:${subscription}` }),
    billingFacts(db).countDocuments({ subscription: `STRIPE:${subscription}` }),
    apiKeys(db).findOne({ _id: apiKeyId }),
    accessHistory(db).countDocuments({ apiKeyId }),
    billingNotices(db).find({ accountId }).toArray(),
    deliveries(db).countDocuments({ accountId }),
  ])
  const found = {
    status: inbox?.status,
    // Raised by each transaction that was committed.
    versions: [of?.version, apiKey?.accessVersion],
    tier: apiKey?.tier,
    ...{ facts, history, mails },
    notices: notices.map(({ type }) => type).sort(),
    sequences: notices.map(({ sequence }) => sequence).sort(),
  }
  const expected = {
    ...{ status: 'APPLIED', versions: [1, 1], tier: 'starter', facts: 1, history: 1, mails: 1 },
    notices: ['access-changed', 'payment-failed', 'payment-reminder', 'subscription-changed'],
    sequences: [1, 2, 3, 4],
  }
  if (isDeepStrictEqual(found, expected)) return []
  return [`${eventId}: ${JSON.stringify(found)}`]
}

/** The API, or MongoDB, dies the moment an answer has come: what was acknowledged must be there afterwards. */
export async function killAfterAnswer(
  { redisUrl, mongod }: OwnBillingServers,
  count: number,
  whom: 'api' | 'mongod',
): Promise<BillingVerdict> {
  const url = new URL(mongod.url)
  url.pathname = `/billing_${randomBytes(6).toString('hex')}`
  const server = await startServer(redisUrl, url.toString())
  const verdict: BillingVerdict = { done: 0, hit: 0, checked: 0, wrong: [], remarks: [] }
  const acknowledged: string[] = []
  try {
    for (; verdict.done < count; verdict.done += 1) {
      const id = `evt_${randomBytes(6).toString('hex')}`
      const body = stripeSender.event(id)
      await untilResolves(async () => {
        if ((await post(server.url, body)) !== 200) throw new Error('not stored yet')
      })
      acknowledged.push(id)
      if (whom === 'api') verdict.hit += (await server.restart()) ? 1 : 0
      else {
        const before = mongod.pid()
        await mongod.kill('SIGKILL')
        await mongod.start()
        verdict.hit += mongod.pid() === before ? 0 : 1
      }
    }
    const { db, client } = await connectDatabase({ uri: url.toString() })
    const found = await billingInbox(db).find().toArray()
    const ids = new Set(found.map(({ eventId }) => eventId))
    const missing = acknowledged.filter((id) => !ids.has(id))
    if (missing.length > 0) verdict.wrong.push(`missing: ${missing}`)
    verdict.checked = acknowledged.length
    await db.dropDatabase()
    await client.close()
  } finally {
    server.end()
  }
  return verdict
}

async function post(url: string, body: string): Promise<number> {
  const headers = { [stripeSender.header]: signedNow(stripeSender, body, WORLD_SECRET) }
  const answer = await fetch(`${url}${stripeSender.path}`, { method: 'POST', headers, body }).catch(
    () => null,
  )
  return answer?.status ?? 0
}

/** `server.ts` as operators run it. */
async function startServer(redisUrl: string, mongodbUri: string) {
  const dataDir = mkdtempSync(join(tmpdir(), 'getcomplical-billing-'))
  const port = await freePort()
  const [encryptionKey, pepper] = [0, 1].map(() => randomBytes(32).toString('base64'))
  const environment = {
    ...{ PORT: String(port), REDIS_URL: redisUrl, MONGODB_URI: mongodbUri, DATA_DIR: dataDir },
    ...{ ADMIN_API_KEY: randomBytes(18).toString('hex'), API_KEY_PEPPER: pepper },
    ...{ ENCRYPTION_KEYS: `k1:${encryptionKey}`, LOG_LEVEL: 'silent' },
    STRIPE_WEBHOOK_SECRETS: WORLD_SECRET,
    PATH: process.env.PATH,
  }
  const url = `http://127.0.0.1:${port}`
  let child: ChildProcess
  const begin = async () => {
    const script = join(import.meta.dirname, '../../src/server.ts')
    child = fork(script, { env: environment, stdio: 'ignore', execArgv: [] })
    await untilResolves(async () => {
      if ((await fetch(`${url}/readyz`)).status !== 200) throw new Error('not ready')
    })
  }
  await begin()
  return {
    url,
    /** @returns whether it was killed and not gone before */
    async restart(): Promise<boolean> {
      const ended = new Promise((done) => child.once('exit', done))
      const killed = child.kill('SIGKILL')
      await ended
      await begin()
      return killed
    },
    end() {
      child.kill('SIGKILL')
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}
