import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { Registry } from 'prom-client'
import { createLog } from '../../src/log.ts'
import { defaultAnomalyRule } from '../../src/rules/anomaly.ts'
import type { Plan } from '../../src/rules/plan.ts'
import { connectDatabase } from '../../src/store/database.ts'
import { connectRedis } from '../../src/streams/redis.ts'
import {
  createScan,
  createScanThresholds,
} from '../../src/workers/scan-thresholds/scan-thresholds.ts'

/**
 * A worker process reduced to the threshold scan, which besides scans every key again and again, as if
 * somebody triggered it all the time. `metrics` on stdin answers them on stdout, as one JSON line.
 *
 * node scanner-child.ts '{"redisUrl", "mongodbUri", "monthlyLimit"}'
 */
const options = JSON.parse(process.argv[2] ?? '{}') as {
  redisUrl: string
  mongodbUri: string
  monthlyLimit: number
}

// Before it waits for anything: whoever started it may be gone.
process.stdin.on('end', () => process.exit(1)).resume()

const plan: Plan = {
  ...{ id: 'pro', name: 'Pro', monthlyLimit: options.monthlyLimit, requestsPerSecond: 1 },
  ...{ prices: { USD: '0.00' }, overage: null, stripePriceIds: [], paddlePriceIds: [] },
}
const { db } = await connectDatabase({ uri: options.mongodbUri })
const deps = {
  ...{ db, clock: Date.now, plans: new Map([['pro', plan]]), anomaly: defaultAnomalyRule },
  // No key is called so unusually often that a deadline would be asked for.
  taxData: () => ({ years: { first: 0, last: 0 }, countries: new Map(), calendars: new Map() }),
}
const registry = new Registry()
const scan = createScanThresholds({
  ...{ ...deps, redis: connectRedis(options.redisUrl), registry },
  log: createLog('error', 'worker'),
})
const everyKey = createScan({
  ...{ ...deps, registry: new Registry() },
  log: createLog('fatal', 'worker'),
})
await scan.start()
say(['ready'])

function say(line: unknown[]): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

createInterface({ input: process.stdin }).on('line', () => {
  void registry.metrics().then((text) => say(['metrics', text]))
})
process.on('SIGTERM', () => {
  void scan.stop().then(() => process.exit(0))
})

for (;;) {
  await everyKey.everyKey().catch(() => {})
  await setTimeout(2_000 + Math.random() * 4_000)
}
