import { createInterface } from 'node:readline'
import { Registry } from 'prom-client'
import { createLog } from '../../src/log.ts'
import { connectDatabase } from '../../src/store/database.ts'
import { connectRedis } from '../../src/streams/redis.ts'
import { createUsageProducer } from '../../src/streams/usage-producer.ts'

/**
 * An API process reduced to its counting path: real spool, pump, checks and adoption. Each line on
 * stdin is a call, `["id", "key", endpoint, units, failed, age in ms]`; each is answered on stdout only
 * after `append` settled, `["id", "ok", at]` or `["id", "no"]`. `["metrics"]` answers them as text.
 *
 * node producer-child.ts '{"dataDir", "redisUrl", "mongodbUri", "segmentBytes"?}'
 */
const options = JSON.parse(process.argv[2] ?? '{}') as {
  dataDir: string
  redisUrl: string
  mongodbUri: string
  segmentBytes?: number
}

const registry = new Registry()
const { db } = await connectDatabase({ uri: options.mongodbUri })
const producer = createUsageProducer({
  dataDir: options.dataDir,
  db,
  redis: connectRedis(options.redisUrl),
  clock: Date.now,
  log: createLog('warn', 'producer'),
  registry,
  ...(options.segmentBytes && { segmentBytes: options.segmentBytes }),
})
await producer.start()
say(['ready'])

function say(line: unknown[]): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const [id, apiKeyId, endpoint, units, failed, age] = JSON.parse(line) as [
    ...[id: string, apiKeyId: string, endpoint: string],
    ...[units: number, failed: number, age: number],
  ]
  if (id === 'metrics') {
    void registry.metrics().then((text) => say(['metrics', text]))
    return
  }
  const at = Date.now() - age
  producer.spool
    .append([{ at, apiKeyId, accountId: `acc_${apiKeyId}`, tier: 'pro', endpoint, units, failed }])
    .then(
      () => say([id, 'ok', at]),
      () => say([id, 'no']),
    )
})

process.on('SIGTERM', () => {
  void producer.stop().then(() => process.exit(0))
})
// Its parent is the test: without it there is nobody to answer.
process.stdin.on('end', () => process.exit(1))
