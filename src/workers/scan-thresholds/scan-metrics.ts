import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { ALERT_LEVELS } from '../../rules/alert.ts'

export function createScanMetrics(registry: Registry) {
  const registers = [registry]
  const metrics = {
    raised: new Counter({
      name: 'getcomplical_alerts_raised_total',
      help: 'Alerts raised by this process, by level; muted ones count, marks of levels that a jump passed do not.',
      labelNames: ['level'],
      registers,
    }),
    delay: new Histogram({
      name: 'getcomplical_alert_delay_seconds',
      help: 'From the commit of the usage that reached a level to its alert, on the live path. Above 5 s sustained: MongoDB is slow, or scanners fall behind.',
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60],
      registers,
    }),
    lag: new Gauge({
      name: 'getcomplical_alert_scan_lag_seconds',
      help: 'How long the oldest commit of a partition that this process follows has not been looked at. Sustained above 5: live messages do not come and the scan in their place fails.',
      registers,
    }),
    followed: new Gauge({
      name: 'getcomplical_alert_partitions_followed',
      help: 'Partitions whose usage this process watches for thresholds. Over all processes other than 16 for a minute: levels are found by the hourly scan alone.',
      registers,
    }),
    positionsLost: new Counter({
      name: 'getcomplical_alert_positions_lost_total',
      help: 'Times that a live message was missing and the partition was looked at in MongoDB instead. Some at each take-over of partitions; sustained: Redis loses or refuses live messages.',
      registers,
    }),
    failures: new Counter({
      name: 'getcomplical_alert_scan_failures_total',
      help: 'Keys that could not be examined, and rounds and scans that broke off; all are tried again. Sustained: MongoDB is away or refuses.',
      registers,
    }),
    scanSeconds: new Gauge({
      name: 'getcomplical_alert_scan_seconds',
      help: 'How long the last scan over every key of the month took.',
      registers,
    }),
    lastScan: new Gauge({
      name: 'getcomplical_alert_scan_last_success_timestamp_seconds',
      help: 'When this process last scanned every key. Over all processes more than 2 hours old: the hourly scan does not run.',
      registers,
    }),
    silenceWithheld: new Gauge({
      name: 'getcomplical_alert_silence_withheld_keys',
      help: 'Keys that look silent in the last scan while the counting path itself is not whole: no alert is raised. Above 0: look at the roll-up and the spools.',
      registers,
    }),
  }
  // There before the first alert: whoever watches sees an increase, and none where a series begins.
  for (const level of ALERT_LEVELS) metrics.raised.inc({ level }, 0)
  return metrics
}

export type ScanMetrics = ReturnType<typeof createScanMetrics>
