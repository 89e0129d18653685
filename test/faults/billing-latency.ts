import { setTimeout } from 'node:timers/promises'
import { billingInbox } from '../../src/store/billing-inbox.ts'
import { paddleSender, stripeSender } from '../billing/webhook-senders.ts'
import type { BillingServers, BillingVerdict } from './billing-rows.ts'
import { type BillingWorld, createBillingWorld } from './billing-world.ts'
import { startProxy } from './proxy.ts'

export interface LatencyOptions {
  webhooks: number
  perSecond: number
}

/** Promise 12. */
const MOST_MS = 200
/** Added to each answer of MongoDB to the worker: applying takes some 25 of them, a few ms each. */
const SLOWER_MS = 150

/**
 * Web hooks while a worker applies them as ever, and again while it is ten times slower (MongoDB answers it
 * late): the answers must not feel it, and the backlog must.
 */
export async function measureAnswers(
  { redisUrl, mongod }: BillingServers,
  options: LatencyOptions,
): Promise<BillingVerdict> {
  const proxy = await startProxy(Number(new URL(mongod.url).port))
  const through = (uri: string) => {
    const { pathname } = new URL(uri)
    return `mongodb://127.0.0.1:${proxy.port}${pathname}?directConnection=true`
  }
  const settings = { redisUrl, mongodbUri: mongod.url, workersUri: through }
  const world = await createBillingWorld(settings)
  try {
    // One event at a time, so that what an event takes is what the worker takes.
    await world.addWorker({ slots: 1 })
    const usual = await measure(world, options, 'u')
    proxy.delayReplies(SLOWER_MS)
    const slow = await measure(world, options, 's')
    const wrong = [
      ...(usual.refused + slow.refused > 0 ? ['answers other than 200'] : []),
      ...(slow.p99 < MOST_MS ? [] : [`p99 ${slow.p99} ms while applying is slow`]),
      // Where the machine is too busy to apply ten, nothing can be compared.
      ...(usual.applied >= 10 && usual.applied < 10 * slow.applied
        ? ['applying was not ten times slower']
        : []),
    ]
    const told = ({ p50, p99, applied }: Measured) =>
      `p50 ${p50}, p99 ${p99} ms (${applied} applied)`
    const remarks = [`as ever ${told(usual)}; slow ${told(slow)}`]
    return { done: 1, hit: 1, checked: 2 * options.webhooks, wrong, remarks }
  } finally {
    await world.close()
    await proxy.close()
  }
}

interface Measured {
  p50: number
  p99: number
  refused: number
  /** Events that the worker has applied meanwhile. */
  applied: number
}

async function measure(
  world: BillingWorld,
  { webhooks, perSecond }: LatencyOptions,
  tag: string,
): Promise<Measured> {
  const times: number[] = []
  let refused = 0
  const one = async (n: number) => {
    const sender = n % 2 === 0 ? stripeSender : paddleSender
    const body = sender.event(`evt_${tag}${n}`)
    const begun = performance.now()
    if ((await world.deliver(sender, body)) !== 200) refused += 1
    times.push(performance.now() - begun)
  }
  const settled = () =>
    billingInbox(world.db).countDocuments({ status: { $ne: 'PENDING' as const } })
  const before = await settled()
  const begun = performance.now()
  const under: Promise<void>[] = []
  for (let n = 0; n < webhooks; n += 1) {
    const due = begun + (n * 1_000) / perSecond - performance.now()
    if (due > 0) await setTimeout(due)
    under.push(one(n))
  }
  await Promise.all(under)
  const applied = (await settled()) - before
  times.sort((a, b) => a - b)
  const at = (share: number) => Math.round(times[Math.floor(times.length * share)] ?? 0)
  return { p50: at(0.5), p99: at(0.99), refused, applied }
}
