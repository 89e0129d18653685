import { Registry } from 'prom-client'
import { createLog } from '../../src/log.ts'
import { createSpool } from '../../src/streams/spool.ts'
import { createProducerMetrics } from '../../src/streams/usage-producer-metrics.ts'

/** Run by spool.test.ts under a limit of 64 kB a file: one call that cannot be written, and none after it. */
const spool = createSpool({
  dir: process.argv[2] ?? '',
  segmentBytes: 32 * 1024,
  clock: Date.now,
  log: createLog('silent', 'test'),
  metrics: createProducerMetrics(new Registry()),
})
const key = { apiKeyId: 'key_1', accountId: 'acc_1', tier: 'pro', at: 1, units: 1, failed: 0 }
const refused = await spool.append([{ ...key, endpoint: 'x'.repeat(100_000) }]).then(
  () => false,
  () => true,
)
const atOnce = spool.trouble()
const deadline = performance.now() + 10_000
while (spool.trouble() !== null && performance.now() < deadline) {
  await new Promise((resolve) => setTimeout(resolve, 50))
}
const later = spool.trouble()
await spool.close()
process.stdout.write(JSON.stringify({ refused, atOnce, later }))
