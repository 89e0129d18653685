import { randomBytes } from 'node:crypto'
import { writeSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { Registry } from 'prom-client'
import shipped from '../../plans.json' with { type: 'json' }
import { createLog } from '../../src/log.ts'
import { readPlanFile } from '../../src/rules/plan-file.ts'
import { createCustomerHash } from '../../src/store/customer-hash.ts'
import { connectDatabase } from '../../src/store/database.ts'
import { createEncryption } from '../../src/store/encryption.ts'
import { createApplyMetrics } from '../../src/workers/apply-billing-events/apply-metrics.ts'
import { createApplySlot } from '../../src/workers/apply-billing-events/apply-slot.ts'
import type { BillingChildOptions } from './billing-world.ts'

/**
 * A worker process reduced to applying events. With `killAt` it kills itself (-9) at that command to MongoDB,
 * counted from the one that takes the first event: before it is sent, or while it is on its way.
 *
 * node billing-child.ts '<BillingChildOptions>'
 */
const options = JSON.parse(process.argv[2] ?? '{}') as BillingChildOptions

// Before it waits for anything: whoever started it may be gone.
process.stdin.on('end', () => process.exit(1)).resume()

const plans = readPlanFile(shipped)
if (!('plans' in plans)) throw new Error('plans.json is wrong')
const uri = new URL(options.mongodbUri)
uri.searchParams.set('monitorCommands', 'true')
const { client, db } = await connectDatabase({ uri: uri.toString() })
const key = Buffer.from(options.encryptionKey, 'base64')
const { fetchBase, slots, leaseMs, killAt } = options
const slotOptions = {
  ...{ db, plans: plans.plans, live: false, clock: Date.now, log: createLog('fatal', 'worker') },
  encryption: createEncryption([{ id: 'k1', key }], randomBytes),
  customerHash: createCustomerHash(Buffer.from(options.pepper, 'base64')),
  fetchSubscription: fetchBase === null ? null : ask,
  ...{ metrics: createApplyMetrics(new Registry()), owner: `child-${process.pid}` },
  ...{ leaseMs, random: Math.random, onSettled() {} },
}

async function ask(id: string): Promise<unknown> {
  const response = await fetch(`${fetchBase}/v1/subscriptions/${id}`)
  if (!response.ok) throw new Error(`it answered ${response.status}`)
  return await response.json()
}

let commands = 0
client.on('commandStarted', ({ commandName }) => {
  // Taking an event, and whatever comes after it.
  if (!killAt || (commands === 0 && commandName !== 'findAndModify')) return
  commands += 1
  if (commands !== killAt.command) return
  writeSync(process.stdout.fd, `${JSON.stringify(['dies', commandName])}\n`)
  const die = () => process.kill(process.pid, 'SIGKILL')
  if (killAt.when === 'before') die()
  // On its way: written to the socket in this turn, and nobody hears the answer.
  else setImmediate(die)
})

process.stdout.write('["ready"]\n')
for (let slot = 0; slot < slots; slot += 1) {
  const { applyNext } = createApplySlot(slotOptions)
  void (async () => {
    for (;;) {
      const more = await applyNext().catch(() => false)
      if (!more) await setTimeout(20)
    }
  })()
}
