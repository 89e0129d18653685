import type { TestServer } from '../server-process.ts'
import { forge } from './billing-forgeries.ts'
import { tellHistories } from './billing-histories.ts'
import { killAfterAnswer, killAtStep, STEPS } from './billing-kills.ts'
import { measureAnswers } from './billing-latency.ts'
import { rotateSecrets } from './billing-rotation.ts'
import { type BillingWorld, type BillingWorldOptions, createBillingWorld } from './billing-world.ts'

/** What one world of a row has come to. */
export interface BillingVerdict {
  /** Repetitions that were done. */
  done: number
  /** Of them, where the fault was seen to hit. */
  hit: number
  /** What was compared: deliveries, events, answers. */
  checked: number
  /** In words. */
  wrong: string[]
  /** Figures worth showing. */
  remarks: string[]
}

export interface BillingServers {
  redisUrl: string
  mongod: Pick<TestServer, 'url'>
}

/** For rows that kill MongoDB. */
export interface OwnBillingServers extends BillingServers {
  mongod: TestServer
}

/** One promise about web hooks and what becomes of them, at its full figure. */
export interface BillingRow {
  id: string
  promise: string
  /** In a full run. */
  repetitions: number
  /** Between two verdicts: a world of their own each. */
  perWorld: number
  run(servers: OwnBillingServers, count: number, seed: number): Promise<BillingVerdict>
}

async function inWorld<T>(
  { redisUrl, mongod }: BillingServers,
  work: (world: BillingWorld) => Promise<T>,
  options: Partial<BillingWorldOptions> = {},
): Promise<T> {
  const world = await createBillingWorld({ redisUrl, mongodbUri: mongod.url, ...options })
  try {
    return await work(world)
  } finally {
    await world.close()
  }
}

function histories(provider: 'STRIPE' | 'PADDLE', fetch: boolean): BillingRow {
  const how = provider === 'PADDLE' ? '' : fetch ? ', Stripe asked about ties' : ', nobody asked'
  return {
    id: `billing-histories-${provider.toLowerCase()}${fetch ? '-asked' : ''}`,
    promise: `10: random histories of ${provider}, each event 1-20 times, shuffled, 3 workers${how}`,
    ...{ repetitions: 1_000, perWorld: 50 },
    run: (servers, count, seed) =>
      inWorld(servers, async (world) => {
        const wanted = { provider, seed, histories: count, fetch, workers: 3 }
        const { events, deliveries, refused, wrong, asked, ties, changed } = await tellHistories(
          world,
          wanted,
        )
        if (refused > 0) wrong.push(`${refused} deliveries were refused`)
        if (changed === 0 || ties === 0) wrong.push('the histories show nothing')
        if (fetch && asked === 0) wrong.push('nobody was asked')
        const remarks = [`${events} events, ${ties} ties, asked ${asked} times, ${changed} changed`]
        return { done: count, hit: count, checked: deliveries, wrong, remarks }
      }),
  }
}

export const billingRows: BillingRow[] = [
  histories('STRIPE', false),
  histories('STRIPE', true),
  histories('PADDLE', false),
  {
    id: 'billing-kill-worker',
    promise: '11: kill -9 the worker at each of its steps after the 200',
    repetitions: 100 * STEPS,
    perWorld: 2 * STEPS,
    run: (servers, count, seed) => inWorld(servers, (world) => killAtStep(world, count, seed)),
  },
  {
    id: 'billing-kill-api',
    promise: '11: kill -9 the API as soon as it has answered 200',
    ...{ repetitions: 100, perWorld: 20 },
    run: (servers, count) => killAfterAnswer(servers, count, 'api'),
  },
  {
    id: 'billing-kill-mongod',
    promise: '11: kill -9 mongod as soon as the API has answered 200',
    ...{ repetitions: 100, perWorld: 20 },
    run: (servers, count) => killAfterAnswer(servers, count, 'mongod'),
  },
  {
    id: 'billing-latency',
    promise: '12: answers of web hooks while events are applied ten times slower',
    ...{ repetitions: 5, perWorld: 1 },
    run: (servers) => measureAnswers(servers, { webhooks: 3_000, perSecond: 150 }),
  },
  {
    id: 'billing-rotation',
    promise: '13: the secret of web hooks rotated in its file under traffic',
    ...{ repetitions: 100, perWorld: 20 },
    run: (servers, count) => rotateSecrets(servers, count),
  },
  {
    id: 'billing-forgeries',
    promise: '14: forged and mutated web hooks',
    ...{ repetitions: 100_000, perWorld: 10_000 },
    run: (servers, count, seed) => inWorld(servers, (world) => forge(world, count, seed)),
  },
]
