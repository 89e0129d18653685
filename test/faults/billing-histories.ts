import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { billingFacts } from '../../src/store/billing-facts.ts'
import { billingInbox } from '../../src/store/billing-inbox.ts'
import { type History, type HistoryNames, randomHistory } from '../billing/random-histories.ts'
import { type Outcome, outcomeOf } from '../billing/telling.ts'
import { paddleSender, stripeSender } from '../billing/webhook-senders.ts'
import type { BillingWorld, SeededKey } from './billing-world.ts'
import { integer, seededRandom } from './random.ts'

export interface HistoriesOptions {
  provider: 'STRIPE' | 'PADDLE'
  seed: number
  histories: number
  /** Whether Stripe is asked about ties. */
  fetch: boolean
  /** Processes that apply the shuffled telling. */
  workers: number
  /** How often an event is delivered at most. */
  most?: number
}

export interface HistoriesVerdict {
  events: number
  deliveries: number
  /** Answers other than 200. */
  refused: number
  asked: number
  /** Ties of one second (Stripe) or microsecond (Paddle). */
  ties: number
  /** Histories that began another way than they ended: else nothing was shown. */
  changed: number
  /** In words, with the seed of the history. */
  wrong: string[]
}

interface Told {
  seed: number
  names: HistoryNames
  history: History
}

/**
 * Promise 10. Each history is told twice: once in order, each event once and alone; once with each event 1 to
 * 20 times, shuffled, by several processes at once. Both must come to the same.
 */
export async function tellHistories(
  world: BillingWorld,
  { provider, seed, histories, fetch, workers, most = 20 }: HistoriesOptions,
): Promise<HistoriesVerdict> {
  const sender = provider === 'STRIPE' ? stripeSender : paddleSender
  const now = Date.now()
  const asking = fetch ? {} : { fetchBase: null }
  const tag = randomBytes(3).toString('hex')
  const [ordered, shuffled] = [await tell('a'), await tell('b')]

  async function tell(letter: string): Promise<Told[]> {
    const told: Told[] = []
    for (let n = 0; n < histories; n += 1) {
      const first = await world.addKey()
      const second = await world.addKey(first)
      const names = namesOf(`${letter}${tag}`, n, first, second)
      const history = randomHistory(provider, seededRandom(seed + n), names, now)
      told.push({ seed: seed + n, names, history })
    }
    return told
  }

  let refused = 0
  const deliver = async (body: string) => {
    if ((await world.deliver(sender, body)) !== 200) refused += 1
  }

  // In order: one event of each history at a time.
  const single = await world.addWorker(asking)
  const longest = Math.max(...ordered.map(({ history }) => history.events.length))
  for (const { history } of ordered) answersOf(world, history)
  for (let at = 0; at < longest; at += 1) {
    await inParallel(
      ordered.flatMap(({ history }) => history.events[at] ?? []),
      deliver,
    )
    await world.settled()
  }

  const others = Array.from({ length: workers - 1 }, () => world.addWorker(asking))
  const many = [single, ...(await Promise.all(others))]
  const random = seededRandom(seed)
  const bodies = shuffled.flatMap(({ history }) => {
    answersOf(world, history)
    return history.events.flatMap((body) =>
      Array.from({ length: integer(random, 1, most) }, () => body),
    )
  })
  shuffle(bodies, random)
  await inParallel(bodies, deliver)
  await world.settled()
  await Promise.all(many.map((child) => child.kill('SIGKILL')))

  return {
    events: 2 * shuffled.reduce((sum, { history }) => sum + history.events.length, 0),
    deliveries: bodies.length,
    ...{ refused, asked: world.asked() },
    ...(await judge(world, provider, ordered, shuffled, !fetch)),
  }
}

function namesOf(letter: string, n: number, first: SeededKey, second: SeededKey): HistoryNames {
  return {
    copy: `${letter}${String(n).padStart(5, '0')}x`,
    apiKeyIds: [first.apiKeyId, second.apiKeyId],
    userId: first.userId,
  }
}

function answersOf(world: BillingWorld, { answers }: History): void {
  for (const [id, answer] of answers) world.answers.set(id, answer)
}

async function judge(
  world: BillingWorld,
  provider: 'STRIPE' | 'PADDLE',
  ordered: readonly Told[],
  shuffled: readonly Told[],
  exact: boolean,
) {
  const { db, encryptionKey } = world
  const wrong: string[] = []
  let changed = 0
  for (const [n, one] of ordered.entries()) {
    const other = shuffled[n]
    if (!other) continue
    const [a, b] = await Promise.all(
      [one, other].map(async ({ names, history }) => {
        const subscriptionIds = await idsOf(world, history, provider)
        return await outcomeOf(db, encryptionKey, { provider, names, subscriptionIds }, exact)
      }),
    )
    if (!isDeepStrictEqual(a, b)) wrong.push(`seed ${one.seed}: ${difference(a, b)}`)
    if (a?.keys.some((key) => (key as { tier: string }).tier !== 'free')) changed += 1
  }
  const dead = await billingInbox(db).countDocuments({ status: 'DEAD' })
  if (dead > 0) wrong.push(`${dead} events are DEAD`)
  return { wrong, changed, ties: await tiesIn(world) }
}

async function idsOf(world: BillingWorld, history: History, provider: string): Promise<string[]> {
  const eventIds = history.events.map((body) => {
    const event = JSON.parse(body) as { id?: string; event_id?: string }
    return `${provider}:${event.id ?? event.event_id}`
  })
  const facts = await billingFacts(world.db)
    .find({ _id: { $in: eventIds } })
    .toArray()
  const ids = facts.map(({ subscription }) => subscription.slice(provider.length + 1))
  return [...new Set(ids)]
}

async function tiesIn(world: BillingWorld): Promise<number> {
  const ties = billingFacts(world.db).aggregate([
    { $match: { type: { $ne: 'fetched' } } },
    { $group: { _id: { of: '$subscription', at: '$at', micros: '$micros' }, n: { $sum: 1 } } },
    { $match: { n: { $gt: 1 } } },
    { $count: 'ties' },
  ])
  const [found] = await ties.toArray()
  return Number(found?.ties ?? 0)
}

function difference(a: Outcome | undefined, b: Outcome | undefined): string {
  return `in order ${JSON.stringify(a)}\nshuffled ${JSON.stringify(b)}`
}

function shuffle<T>(some: T[], random: () => number): void {
  for (let at = some.length - 1; at > 0; at -= 1) {
    const other = integer(random, 0, at)
    const [one, two] = [some[at], some[other]]
    if (one !== undefined && two !== undefined) [some[at], some[other]] = [two, one]
  }
}

/** At most so many at once: as many as places for bodies would only make them wait. */
const AT_ONCE = 24

async function inParallel<T>(some: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async () => {
    for (;;) {
      const one = some[next]
      next += 1
      if (one === undefined) return
      await work(one)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
}
