import { Registry } from 'prom-client'
import { createLog } from '../../src/log.ts'
import { connectDatabase } from '../../src/store/database.ts'
import { connectRedis } from '../../src/streams/redis.ts'
import { createRollUp } from '../../src/workers/roll-up-usage/roll-up.ts'

/**
 * A worker process reduced to the roll-up. `metrics` on stdin answers them on stdout, as one JSON line.
 *
 * node worker-child.ts '{"redisUrl", "mongodbUri"}'
 */
const options = JSON.parse(process.argv[2] ?? '{}') as { redisUrl: string; mongodbUri: string }

const registry = new Registry()
const { db } = await connectDatabase({ uri: options.mongodbUri })
const rollUp = createRollUp({
  db,
  redis: connectRedis(options.redisUrl),
  clock: Date.now,
  log: createLog('warn', 'worker'),
  registry,
})
await rollUp.start()
say(['ready'])

function say(line: unknown[]): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

process.stdin.on('data', () => {
  void registry.metrics().then((text) => say(['metrics', text]))
})
process.on('SIGTERM', () => {
  void rollUp.stop().then(() => process.exit(0))
})
process.stdin.on('end', () => process.exit(1))
