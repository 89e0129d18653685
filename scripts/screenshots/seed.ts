import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Registry } from 'prom-client'
import { createLog } from '../../src/log.ts'
import { DAY, HOUR, monthName, startOfMonth } from '../../src/rules/calendar-time.ts'
import { accessHistory } from '../../src/store/access-history.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { connectDatabase, type Database } from '../../src/store/database.ts'
import { usageCells } from '../../src/store/usage-cells.ts'
import { connectRedis } from '../../src/streams/redis.ts'
import type { UsageEvent } from '../../src/streams/usage-event.ts'
import { createUsageProducer } from '../../src/streams/usage-producer.ts'
import { stripeSubscriptionOf } from '../../test/billing/signed-events.ts'
import type { TemporaryProduct } from './product.ts'
import { usageHistory } from './usage-history.ts'

/** For the product's settings and for who signs. */
export const stripeSecret = 'whsec_of_the_screenshots'

const HISTORY_DAYS = 85

interface Seed extends TemporaryProduct {
  db: Database['db']
  now: number
}

interface SeededKey {
  id: string
  secret: string
  tier: string
  unitsADay: number
}

export interface SeededCustomer {
  /** Stripe gets no money of the mobile app any more; settles once the product says so. */
  failPayment(): Promise<void>
}

/**
 * A customer as there may be one: keys by the API, calls through the spool and the roll-up, subscriptions by web
 * hooks, alerts and invoices by the operator's triggers. Written to the database is only since when the keys exist:
 * nobody can wait for it.
 */
export async function seedCustomer(product: TemporaryProduct): Promise<SeededCustomer> {
  const database = await connectDatabase({ uri: product.demo.mongodbUri })
  try {
    const seed = { ...product, db: database.db, now: Date.now() }
    const keys = await makeKeys(seed)
    await makeOlder(seed, keys)
    await callAsEver(seed, keys)
    await callNow(seed, keys)
    const customer = await subscribe(seed, keys)
    await trigger(seed, `trigger-aggregation?date=${dayBefore(seed.now)}`)
    await trigger(seed, 'trigger-monitoring')
    for (const month of monthsBefore(seed.now, 2)) {
      await trigger(seed, `trigger-invoicing?month=${month}`)
    }
    return customer
  } finally {
    await database.close()
  }
}

async function makeKeys({ demo }: Seed): Promise<SeededKey[]> {
  const { accountId, apiKeyId } = demo
  await administer(
    demo,
    `mutation ($id: ID!, $input: UpdateAccountInput!) { updateAccount(id: $id, input: $input) { id } }`,
    {
      id: accountId,
      input: {
        ...{ name: 'Harbour Payroll', billingName: 'Harbour Payroll Pty Ltd' },
        ...{ billingAddress: ['12 Wharf Road', 'Sydney NSW 2000', 'Australia'] },
        taxId: 'ABN 51 824 753 556',
      },
    },
  )
  await administer(
    demo,
    `mutation ($id: ID!) { updateApiKey(id: $id, input: { name: "Production" }) { id } }`,
    { id: apiKeyId },
  )
  const production = { id: apiKeyId, secret: demo.apiKey, tier: 'pro', unitsADay: 4_100 }
  const others = [
    { name: 'Payroll batch', tier: 'starter', unitsADay: 420 },
    { name: 'Mobile app', tier: 'starter', unitsADay: 260 },
    { name: 'Staging', tier: 'free', unitsADay: 20 },
  ]
  const keys: SeededKey[] = [production]
  for (const { unitsADay, ...input } of others) {
    interface Created {
      createApiKey: { secret: string; apiKey: { id: string } }
    }
    const { createApiKey } = await administer<Created>(
      demo,
      `mutation ($input: CreateApiKeyInput!) {
        createApiKey(input: $input) { secret apiKey { id } }
      }`,
      { input: { accountId, ...input } },
    )
    const { secret, apiKey } = createApiKey
    keys.push({ id: apiKey.id, secret, tier: input.tier, unitsADay })
  }
  return keys
}

/** An invoice asks since when a key was there, and on which plan. */
async function makeOlder({ db, now }: Seed, keys: readonly SeededKey[]): Promise<void> {
  for (const [index, { id }] of keys.entries()) {
    // In the order in which they were made.
    const createdAt = new Date(now - HISTORY_DAYS * DAY + index * HOUR)
    await apiKeys(db).updateOne({ _id: id }, { $set: { createdAt } })
    const since = { $set: { at: createdAt, recordedAt: createdAt } }
    await accessHistory(db).updateMany({ apiKeyId: id }, since)
  }
}

/** Through a spool of its own, which the product's worker counts like any other. */
async function callAsEver(
  { demo, dataDir, db, now }: Seed,
  keys: readonly SeededKey[],
): Promise<void> {
  const { accountId } = demo
  const events = keys.flatMap(({ id: apiKeyId, ...key }) =>
    usageHistory({ ...key, apiKeyId, accountId }, HISTORY_DAYS, now),
  )
  const redis = connectRedis(demo.redisUrl)
  const producer = createUsageProducer({
    ...{ db, redis, clock: Date.now, log: createLog('silent', 'screenshots') },
    ...{ registry: new Registry(), dataDir: join(dataDir, 'screenshots') },
  })
  await producer.start()
  try {
    for (let from = 0; from < events.length; from += 500) {
      await producer.spool.append(events.slice(from, from + 500))
    }
    await untilCounted(db, accountId, events)
  } finally {
    await producer.stop()
    redis.disconnect()
  }
}

/** Of what goes through a spool of its own no key knows that it was used. */
async function callNow({ demo }: Seed, keys: readonly SeededKey[]): Promise<void> {
  for (const { secret } of keys) {
    const response = await fetch(`${demo.url}/api/v1/tax-dates?country=AU&year=2026&first=1`, {
      headers: { 'x-api-key': secret },
    })
    if (!response.ok) throw new Error(`a key was refused: ${await response.text()}`)
    await response.text()
  }
}

async function untilCounted(
  db: Database['db'],
  accountId: string,
  events: readonly UsageEvent[],
): Promise<void> {
  const all = events.reduce((sum, { units }) => sum + units, 0)
  await until(async () => {
    const months = await usageCells(db).months.find({ accountId }).toArray()
    return months.reduce((sum, { total }) => sum + total, 0) >= all
  })
}

/** Production and the mobile app pay at Stripe. */
async function subscribe({ demo, now }: Seed, keys: readonly SeededKey[]): Promise<SeededCustomer> {
  const [production, , mobile] = keys
  if (!production || !mobile) throw new Error('the keys are missing')
  const seconds = (daysAgo: number) => Math.floor((now - daysAgo * DAY) / 1_000)
  const options = { secret: stripeSecret }
  const pro = stripeSubscriptionOf(demo.url, production.id, options)
  const starter = stripeSubscriptionOf(demo.url, mobile.id, { ...options, customer: 'cus_2' })
  const price = { price: 'price_pro_monthly', currentPeriodEnd: seconds(-12) }
  taken(await pro.updated(seconds(84), price))
  taken(await pro.paid(seconds(18)))
  taken(await starter.updated(seconds(63), { currentPeriodEnd: seconds(-26) }))
  const billing = () => billingStatus(demo, mobile.id)
  await until(async () => (await billing()) === 'ACTIVE')
  return {
    async failPayment() {
      taken(await starter.paymentFailed(seconds(4)))
      await until(async () => (await billing()) === 'PAST_DUE')
    },
  }
}

function taken(status: number): void {
  if (status !== 200) throw new Error(`a web hook was refused: ${status}`)
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await setTimeout(200)
}

interface ListedAccounts {
  accounts: { edges: { node: { apiKeys: { id: string; billingStatus: string }[] } }[] }
}

async function billingStatus(demo: Seed['demo'], id: string): Promise<string | undefined> {
  const query = '{ accounts { edges { node { apiKeys { id billingStatus } } } } }'
  const { accounts } = await administer<ListedAccounts>(demo, query, {})
  const keys = accounts.edges.flatMap(({ node }) => node.apiKeys)
  return keys.find((key) => key.id === id)?.billingStatus
}

async function trigger({ demo }: Seed, job: string): Promise<void> {
  const headers = { 'x-api-key': demo.adminApiKey }
  const response = await fetch(`${demo.url}/admin/${job}`, { method: 'POST', headers })
  if (!response.ok) throw new Error(`${job}: ${response.status} ${await response.text()}`)
  await response.text()
}

async function administer<Data>(
  { url, adminApiKey }: Pick<Seed['demo'], 'url' | 'adminApiKey'>,
  query: string,
  variables: Record<string, unknown>,
): Promise<Data> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': adminApiKey },
    body: JSON.stringify({ query, variables }),
  })
  const { data, errors } = (await response.json()) as { data?: Data; errors?: unknown }
  if (!data || errors) throw new Error(`refused: ${JSON.stringify(errors)}`)
  return data
}

function dayBefore(now: number): string {
  return new Date(now - DAY).toISOString().slice(0, 10)
}

/** Latest last. */
function monthsBefore(now: number, count: number): string[] {
  const months: string[] = []
  let month = startOfMonth(now)
  while (months.length < count) {
    month = startOfMonth(month - DAY)
    months.unshift(monthName(month))
  }
  return months
}
