import { Registry } from 'prom-client'
import { ApiError } from '../../src/errors.ts'
import { createLog } from '../../src/log.ts'
import { createSpool } from '../../src/streams/spool.ts'
import { createProducerMetrics } from '../../src/streams/usage-producer-metrics.ts'

/**
 * Run by spool.test.ts under a limit of 64 kB a file, with segments that want more: writes calls of
 * many sizes and tells which were answered and which refused, by their `at`.
 */
const spool = createSpool({
  dir: process.argv[2] ?? '',
  segmentBytes: 1024 * 1024,
  clock: Date.now,
  log: createLog('silent', 'test'),
  metrics: createProducerMetrics(new Registry()),
})
const answered: number[] = []
const refused: number[] = []
for (let at = 1; at <= 400; at++) {
  const endpoint = 'x'.repeat((at * 37) % 2_000)
  const key = { apiKeyId: 'key_1', accountId: 'acc_1', tier: 'pro' }
  try {
    await spool.append([{ ...key, at, endpoint, units: 1, failed: 0 }])
    answered.push(at)
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'UNAVAILABLE' || !error.retryAfter)
      throw error
    refused.push(at)
  }
}
await spool.close()
process.stdout.write(JSON.stringify({ answered, refused }))
