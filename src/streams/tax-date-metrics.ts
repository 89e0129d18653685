import { Counter, Gauge, type Registry } from 'prom-client'

export function createTaxDateMetrics(registry: Registry) {
  const registers = [registry]
  return {
    known: new Gauge({
      name: 'getcomplical_tax_date_changes_known',
      help: 'Id of the newest change of a tax date that this process knows. Processes that differ for longer than some seconds: one of them cannot read MongoDB and says outdated dates.',
      registers,
    }),
    published: new Counter({
      name: 'getcomplical_tax_date_changes_published_total',
      help: 'Changes of tax dates that this process appended to their stream. Far more than were announced: Redis lost the stream and it was filled again.',
      registers,
    }),
    failures: new Counter({
      name: 'getcomplical_tax_date_topic_failures_total',
      help: 'Failed reads and writes of the stream of changes. Sustained: Redis is away, and other processes hear of a change within seconds, from MongoDB.',
      registers,
    }),
    subscribers: new Gauge({
      name: 'getcomplical_tax_date_subscribers',
      help: 'Open taxDateChanged subscriptions of this process. Only growing: clients leave without their subscription ending.',
      registers,
    }),
  }
}
