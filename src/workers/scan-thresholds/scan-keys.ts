import { dayName, startOfDay, startOfMonth } from '../../rules/calendar-time.ts'
import { partitionOf } from '../../rules/partition.ts'
import { usageCells } from '../../store/usage-cells.ts'
import type { ExamineDeps, ExamineKeys, KeyUsage } from './examine-keys.ts'
import { createSilenceScan } from './scan-silence.ts'

/** What one scan did: the answer of the admin route and the `result` of the job. */
export interface Scan {
  /** Keys with usage in the running month. */
  keys: number
  /** Alerts raised, by level. */
  alerts: Record<string, number>
  /** Keys that look silent while the counting path is not whole: nothing was raised. */
  silenceWithheld: number
  /** Keys that could not be examined; the next scan looks again. */
  failedKeys: number
  seconds: number
}

export interface KeyScan {
  /**
   * Every key with usage this month, and those that have fallen silent.
   * @param onProgress called between batches; throw from it to break off
   */
  everyKey(onProgress?: () => Promise<void>): Promise<Scan>
  /** Those of some partitions, for what live messages did not bring. Throws where a key failed. */
  partitions(lost: ReadonlySet<number>, onProgress: () => void): Promise<void>
}

const BATCH = 500
const PROGRESS_EVERY = 10_000

export function createKeyScan(deps: ExamineDeps, examine: ExamineKeys): KeyScan {
  const { db, clock, log, metrics } = deps
  const scanSilence = createSilenceScan(deps)
  const { months, days } = usageCells(db)

  async function* batches(wanted: (apiKeyId: string) => boolean): AsyncGenerator<KeyUsage[]> {
    const now = clock()
    const [month, day] = [startOfMonth(now), startOfDay(now)]
    for (let after = ''; ; ) {
      const cells = await months
        .find({ at: new Date(month), apiKeyId: { $gt: after } })
        .project<{ apiKeyId: string; total: number }>({ apiKeyId: 1, total: 1 })
        .sort({ apiKeyId: 1 })
        .limit(BATCH)
        .toArray()
      const last = cells.at(-1)
      if (!last) return
      after = last.apiKeyId
      const some = cells.filter(({ apiKeyId }) => wanted(apiKeyId))
      const today = await dayTotals(some.map(({ apiKeyId }) => `${apiKeyId}:${dayName(day)}`))
      yield some.map(({ apiKeyId, total }) => {
        const dayTotal = today.get(apiKeyId) ?? 0
        return { apiKeyId, month, monthTotal: total, day, dayTotal }
      })
    }
  }

  async function dayTotals(ids: string[]): Promise<Map<string, number>> {
    const found = days.find({ _id: { $in: ids } }, { projection: { apiKeyId: 1, total: 1 } })
    return new Map((await found.toArray()).map(({ apiKeyId, total }) => [apiKeyId, total]))
  }

  return {
    async everyKey(onProgress = async () => {}) {
      const started = clock()
      const done: Scan = { keys: 0, alerts: {}, silenceWithheld: 0, failedKeys: 0, seconds: 0 }
      for await (const usages of batches(() => true)) {
        const { alerts, failed } = await examine(usages)
        for (const [level, count] of Object.entries(alerts)) {
          done.alerts[level] = (done.alerts[level] ?? 0) + count
        }
        done.failedKeys += failed.length
        const before = Math.floor(done.keys / PROGRESS_EVERY)
        done.keys += usages.length
        if (Math.floor(done.keys / PROGRESS_EVERY) > before) {
          log.info({ keys: done.keys }, 'scanning thresholds')
        }
        await onProgress()
      }
      const silence = await scanSilence(onProgress)
      if (silence.raised > 0) done.alerts.SILENCE = silence.raised
      done.silenceWithheld = silence.withheld
      done.seconds = (clock() - started) / 1_000
      metrics.silenceWithheld.set(silence.withheld)
      metrics.scanSeconds.set(done.seconds)
      metrics.lastScan.set(clock() / 1_000)
      log.info(done, 'every key scanned')
      return done
    },
    async partitions(lost, onProgress) {
      for await (const usages of batches((id) => lost.has(partitionOf(id)))) {
        const { failed } = await examine(usages)
        onProgress()
        if (failed.length > 0) throw new Error(`${failed.length} keys could not be examined`)
      }
    },
  }
}
