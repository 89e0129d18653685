import { readFileSync } from 'node:fs'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { createMeteringMetrics } from '../src/metering/metering-metrics.ts'
import { createQuotaMetrics } from '../src/streams/quota-metrics.ts'
import { createTaxDateMetrics } from '../src/streams/tax-date-metrics.ts'
import { createProducerMetrics } from '../src/streams/usage-producer-metrics.ts'
import { createAggregationMetrics } from '../src/workers/aggregate-days/aggregation-metrics.ts'
import { createRollUpMetrics } from '../src/workers/roll-up-usage/metrics.ts'

test('every alert asks for metrics that exist', async () => {
  const registry = new Registry()
  const creators = [
    createMeteringMetrics,
    createQuotaMetrics,
    createProducerMetrics,
    createAggregationMetrics,
    createRollUpMetrics,
    createTaxDateMetrics,
  ]
  for (const create of creators) create(registry)
  const exported = new Set((await registry.getMetricsAsJSON()).map(({ name }) => name))
  const rules = readFileSync(new URL('../ops/prometheus-rules.yml', import.meta.url), 'utf8')
  const asked = [...new Set(rules.match(/getcomplical_\w+/g))]
  expect(asked.length).toBeGreaterThan(10)
  expect(asked.filter((name) => !exported.has(name))).toEqual([])
})
