import { Gauge, type Registry } from 'prom-client'
import { startOfDay } from '../../rules/calendar-time.ts'
import type { LiveTotals } from '../../streams/live-messages.ts'

/** As many series a worker, however many keys there are. */
const SHOWN = 10

/**
 * Exports the units that the busiest keys of a worker have used today (UTC), reckoned when somebody asks
 * for metrics: a counter with the key as label would be a series for each key, for ever.
 *
 * Each key is counted by one worker, so that the busiest of all are among theirs. A key stays with its
 * former worker after a hand-over: of several values the largest holds, as a day's total only grows.
 * @param known totals of the keys that the worker has counted
 */
export function exportBusiestKeys(
  registry: Registry,
  known: () => Iterable<LiveTotals>,
  clock: () => number,
): void {
  new Gauge({
    name: 'getcomplical_busiest_key_units',
    help: 'Units that a key has used today (UTC), for the ten busiest of each worker. Take the maximum by key. One key far above the rest: a client in a loop, or a customer who outgrows the plan.',
    labelNames: ['key'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { apiKeyId, dayTotal } of busiest(known(), startOfDay(clock()))) {
        this.set({ key: apiKeyId }, dayTotal)
      }
    },
  })
}

function busiest(known: Iterable<LiveTotals>, day: number): LiveTotals[] {
  const top: LiveTotals[] = []
  for (const totals of known) {
    const least = top.length < SHOWN ? 0 : (top.at(-1)?.dayTotal ?? 0)
    if (totals.day !== day || totals.dayTotal <= least) continue
    top.push(totals)
    top.sort((a, b) => b.dayTotal - a.dayTotal)
    top.length = Math.min(top.length, SHOWN)
  }
  return top
}
