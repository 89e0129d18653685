import { randomBytes } from 'node:crypto'
import { MongoClient } from 'mongodb'
import { Registry } from 'prom-client'
import { createLog } from '../../src/log.ts'
import { createProviders } from '../../src/outgoing/providers.ts'
import { createEncryption } from '../../src/store/encryption.ts'
import { createChargeUsage } from '../../src/workers/charge-usage/charge-usage.ts'
import { chargeKey, chargePlans } from './charge-world.ts'

/**
 * A worker process reduced to charge-usage, that does what is due once and kills itself on the way.
 *
 * node charge-usage-child.ts '{"mongodbUri", "stripe", "paddle", "now", "dieAt", "leaseMs", "sendWithinMs"}'
 */
const options = JSON.parse(process.argv[2] ?? '{}') as {
  /** Names the database. */
  mongodbUri: string
  stripe: { key: string; apiBase: string }
  paddle: { key: string; apiBase: string }
  /** ms */
  now: number
  leaseMs: number
  sendWithinMs: number
  /**
   * The n-th command to MongoDB, from 1: before it is sent, or after its answer came. 0: never. `stop`: it is
   * stopped at the n-th answer about a charge outside of transactions, and goes on when somebody lets it.
   */
  dieAt: { n: number; when: 'before' | 'after' | 'stop' }
}

// As `connectDatabase` does it, and with every command told.
const client = new MongoClient(options.mongodbUri, {
  writeConcern: { w: 'majority', journal: true },
  readConcern: { level: 'majority' },
  monitorCommands: true,
})
await client.connect()
const db = client.db()
const counts = { before: 0, after: 0 }

function count(when: 'before' | 'after'): void {
  counts[when] += 1
  // At once: nothing of this process runs after it.
  if (options.dieAt.when === when && options.dieAt.n === counts[when]) {
    process.kill(process.pid, 'SIGKILL')
  }
}
let aboutCharges = 0
const alone = new Set<number>()
client.on('commandStarted', ({ command, requestId }) => {
  const about = command.findAndModify ?? command.update
  if (about === 'usageCharges' && command.autocommit === undefined) alone.add(requestId)
  count('before')
})
client.on('commandSucceeded', ({ requestId }) => {
  count('after')
  if (!alone.has(requestId)) return
  aboutCharges += 1
  const { n, when } = options.dieAt
  if (when === 'stop' && n === aboutCharges) process.kill(process.pid, 'SIGSTOP')
})

const clock = () => options.now
const worker = createChargeUsage({
  ...{ db, plans: chargePlans, clock, log: createLog('error', 'worker'), registry: new Registry() },
  encryption: createEncryption([{ id: 'k1', key: chargeKey }], randomBytes),
  providers: createProviders({
    ...{ fetch, clock, registry: new Registry(), timeoutMs: 2_000 },
    ...{ stripe: options.stripe, paddle: options.paddle },
  }),
  ...{ leaseMs: options.leaseMs, runLeaseMs: options.leaseMs },
  sendWithinMs: options.sendWithinMs,
})
await worker.chargeDueDays()
await worker.settleDue()
process.stdout.write(`${counts.after}\n`)
await client.close()
