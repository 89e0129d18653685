import { silenceMessage } from '../../rules/alert-message.ts'
import { DAY, dayName, monthName, startOfDay } from '../../rules/calendar-time.ts'
import { partitionOf } from '../../rules/partition.ts'
import { HABIT_DAYS, type Silence, silenceOf } from '../../rules/silence.ts'
import { type ApiKeyDoc, apiKeys } from '../../store/api-keys.ts'
import { type UsageCell, usageCells } from '../../store/usage-cells.ts'
import type { ExamineDeps } from './examine-keys.ts'
import { brokenPath } from './path-health.ts'

interface Silent {
  apiKeyId: string
  silence: Silence
}

/** Days back on which the last call of a silence that is still news may lie: 72 hours and a weekend. */
const LAST_CALL_DAYS = 6
const BATCH = 500

/**
 * Finds keys that always call and have stopped. Whether that is so, or their calls are only not counted,
 * the counting path itself must tell: silence is raised only where a partition's path is whole.
 */
export function createSilenceScan({ db, clock, log, plans, raise }: ExamineDeps) {
  const { days, hours } = usageCells(db)

  return async (onProgress: () => Promise<void>): Promise<{ raised: number; withheld: number }> => {
    const now = clock()
    const broken = await brokenPath(db, now)
    const others = createCompany()
    const silent: (Silent & { calledYesterday: boolean })[] = []
    for await (const batch of recentKeys(now)) {
      const called = await calledToday([...batch.keys()], now)
      for (const [id, calledYesterday] of batch) {
        if (calledYesterday) others.add(partitionOf(id), called.has(id))
      }
      for (const one of await silentAmong(
        [...batch.keys()].filter((id) => !called.has(id)),
        now,
      )) {
        silent.push({ ...one, calledYesterday: batch.get(one.apiKeyId) ?? false })
      }
      await onProgress()
    }
    let [raised, withheld] = [0, 0]
    for (const one of silent) {
      const partition = partitionOf(one.apiKeyId)
      const reason = broken(partition) ?? others.allSilent(partition, one.calledYesterday)
      if (reason !== null) {
        withheld += 1
        log.warn({ apiKeyId: one.apiKeyId, partition, reason }, 'silence is not raised')
      } else if (await tell(one)) raised += 1
    }
    return { raised, withheld }
  }

  /** Keys with usage on one of the last days, and whether yesterday was one. */
  async function* recentKeys(now: number): AsyncGenerator<Map<string, boolean>> {
    const today = startOfDay(now)
    const recent = { $gte: new Date(today - LAST_CALL_DAYS * DAY), $lt: new Date(today) }
    const seen = days.aggregate<{ _id: string; last: Date }>([
      { $match: { at: recent } },
      { $group: { _id: '$apiKeyId', last: { $max: '$at' } } },
    ])
    let batch = new Map<string, boolean>()
    for await (const { _id, last } of seen) {
      batch.set(_id, last.getTime() === today - DAY)
      if (batch.size < BATCH) continue
      yield batch
      batch = new Map()
    }
    if (batch.size > 0) yield batch
  }

  async function calledToday(ids: readonly string[], now: number): Promise<Set<string>> {
    const today = ids.map((id) => `${id}:${dayName(now)}`)
    const found = days.find({ _id: { $in: today } }, { projection: { apiKeyId: 1 } })
    return new Set((await found.toArray()).map(({ apiKeyId }) => apiKeyId))
  }

  async function silentAmong(quiet: Iterable<string>, now: number): Promise<Silent[]> {
    const ids = [...quiet]
    if (ids.length === 0) return []
    const today = startOfDay(now)
    const since = new Date(today - (HABIT_DAYS + LAST_CALL_DAYS) * DAY)
    const found = await days
      .find({ at: { $gte: since, $lt: new Date(today) }, apiKeyId: { $in: ids } })
      .project<Pick<UsageCell, 'apiKeyId' | 'at' | 'total'>>({ apiKeyId: 1, at: 1, total: 1 })
      .toArray()
    const silent: Silent[] = []
    for (const [apiKeyId, cells] of Map.groupBy(found, (cell) => cell.apiKeyId)) {
      const history = cells.map(({ at, total }) => ({ day: at.getTime() / DAY, units: total }))
      const lastDay = Math.max(...history.map(({ day }) => day)) * DAY
      // By the day alone first: hours are read for the few that may be silent.
      if (!silenceOf(history, lastDay, now) && !silenceOf(history, lastDay + DAY - 1, now)) continue
      const silence = silenceOf(history, await lastHour(apiKeyId, lastDay), now)
      if (silence) silent.push({ apiKeyId, silence })
    }
    return silent
  }

  async function lastHour(apiKeyId: string, day: number): Promise<number> {
    const ids = Array.from({ length: 24 }, (_, hour) => {
      return `${apiKeyId}:${dayName(day)}T${String(hour).padStart(2, '0')}`
    })
    const [last] = await hours
      .find({ _id: { $in: ids } })
      .sort({ at: -1 })
      .limit(1)
      .toArray()
    return last?.at.getTime() ?? day
  }

  async function tell({ apiKeyId, silence }: Silent): Promise<boolean> {
    const key = await apiKeys(db).findOne({ _id: apiKeyId, revokedAt: null, blockedBecause: null })
    if (!key) return false
    return (await raise(silenceAlert(key, silence))) !== null
  }

  function silenceAlert(key: ApiKeyDoc, { since, average }: Silence) {
    return {
      // By the day on which it began: once a silence, however often it is found.
      _id: `${key._id}:${dayName(since)}:SILENCE`,
      ...{ accountId: key.accountId, apiKeyId: key._id, level: 'SILENCE' as const },
      ...{ month: monthName(clock()), used: 0, percent: null },
      monthlyLimit: plans.get(key.tier)?.monthlyLimit ?? null,
      message: silenceMessage(key.prefix, { since: new Date(since), average }),
    }
  }
}

/**
 * Keys that were called yesterday, by partition: where none of several is called any more, their calls are
 * not counted rather than not made.
 */
function createCompany() {
  const everywhere = { all: 0, called: 0 }
  const byPartition = new Map<number, { all: number; called: number }>()
  return {
    add(partition: number, called: boolean): void {
      const here = byPartition.get(partition) ?? { all: 0, called: 0 }
      byPartition.set(partition, here)
      for (const counts of [here, everywhere]) {
        counts.all += 1
        if (called) counts.called += 1
      }
    },
    /** Why a silence is not believed; null: others are called, or there are none. */
    allSilent(partition: number, isOneOfThem: boolean): string | null {
      const own = isOneOfThem ? 1 : 0
      const silent = ({ all, called } = { all: 0, called: 0 }) => all > own && called === 0
      if (silent(byPartition.get(partition))) return 'no other key of the partition is called'
      return silent(everywhere) ? 'no other key is called' : null
    },
  }
}
