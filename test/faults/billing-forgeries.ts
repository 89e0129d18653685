import { randomBytes } from 'node:crypto'
import { billingInbox } from '../../src/store/billing-inbox.ts'
import { forgery } from '../billing/forgery.ts'
import { paddleSender, stripeSender } from '../billing/webhook-senders.ts'
import type { BillingVerdict } from './billing-rows.ts'
import { type BillingWorld, WORLD_SECRET } from './billing-world.ts'
import { seededRandom } from './random.ts'

const AT_ONCE = 24

/**
 * Promise 14: good web hooks with something exchanged, at random. None may be accepted, none may write; one
 * good one in between shows that they could have been.
 */
export async function forge(
  world: BillingWorld,
  count: number,
  seed: number,
): Promise<BillingVerdict> {
  const random = seededRandom(seed)
  const accepted: string[] = []
  const statuses = new Map<number, number>()
  const written = await watchWrites(world)
  const good = `evt_${randomBytes(6).toString('hex')}`
  let sent = 0
  const lane = async () => {
    while (sent < count) {
      sent += 1
      const sender = random() < 0.5 ? stripeSender : paddleSender
      const { name, sending } = forgery(sender, WORLD_SECRET, random)
      const { path, ...init } = { path: sender.path, ...sending }
      const status = await post(`${world.url}${path}`, init)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      if (status !== 400) accepted.push(`${name} of ${sender.provider}: ${status}`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  const inboxed = await billingInbox(world.db).countDocuments()
  if ((await world.deliver(stripeSender, stripeSender.event(good))) !== 200) {
    accepted.push('a good one was refused')
  }
  const writes = await written.until(1)
  const wrong = [...accepted]
  if (inboxed > 0) wrong.push(`${inboxed} were stored`)
  if (writes !== 1) wrong.push(`${writes} writes instead of the good one's`)
  const remarks = [[...statuses].map(([status, times]) => `${status}: ${times}`).join(', ')]
  return { done: count, hit: count, checked: count, wrong, remarks }
}

async function post(url: string, init: RequestInit): Promise<number> {
  const answer = await fetch(url, { method: 'POST', ...init }).catch(() => null)
  await answer?.arrayBuffer()
  return answer?.status ?? 0
}

/** Whatever is written to what billing owns, as MongoDB tells it. */
async function watchWrites({ db }: BillingWorld) {
  const ofBilling = { 'ns.coll': /^(billing|provider|apiKeys|accessHistory|deliveries)/ }
  const changes = db.watch([{ $match: ofBilling }])
  let writes = 0
  let told = () => {}
  changes.on('change', () => {
    writes += 1
    told()
  })
  await new Promise((ready) => changes.once('resumeTokenChanged', ready))
  return {
    /** Once so many have been told of, all that were. */
    async until(least: number): Promise<number> {
      const { promise, resolve } = Promise.withResolvers<void>()
      told = () => writes >= least && resolve()
      told()
      await promise
      await changes.close()
      return writes
    },
  }
}
