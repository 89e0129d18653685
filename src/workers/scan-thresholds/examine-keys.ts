import type { ClientSession, Db } from 'mongodb'
import type { Logger } from '../../log.ts'
import { thresholdMessage } from '../../rules/alert-message.ts'
import type { AnomalyRule } from '../../rules/anomaly.ts'
import { monthName, startOfMonth } from '../../rules/calendar-time.ts'
import type { Plans } from '../../rules/plan.ts'
import type { TaxData } from '../../rules/tax/tax-data.ts'
import { type Reached, reachedQuotaLevel, reachedThreshold } from '../../rules/threshold.ts'
import { type ApiKeyDoc, apiKeys } from '../../store/api-keys.ts'
import type { ToldNote } from '../../store/raise-alert.ts'
import { createDayCheck } from './check-day.ts'
import type { Raise } from './raise.ts'
import type { ScanMetrics } from './scan-metrics.ts'

export interface ExamineDeps {
  db: Db
  /** ms since the epoch */
  clock: () => number
  log: Logger
  plans: Plans
  taxData: () => TaxData
  anomaly: AnomalyRule
  metrics: ScanMetrics
  raise: Raise
}

/** What was counted of a key, from a live message or from its cells. */
export interface KeyUsage {
  apiKeyId: string
  /** Start of the month, ms, and billed units in it. */
  month: number
  monthTotal: number
  /** The same of the day. */
  day: number
  dayTotal: number
  /** When it was committed, ms; absent where it was read from the cells. */
  at?: number
}

/** What came of some keys. */
export interface Examined {
  /** Alerts raised, by level. */
  alerts: Record<string, number>
  /** What could not be examined to its end: to be tried again. */
  failed: KeyUsage[]
}

export type ExaminedKey = Pick<
  ApiKeyDoc,
  | '_id'
  | 'accountId'
  | 'prefix'
  | 'tier'
  | 'createdAt'
  | 'alertThresholds'
  | 'quotaAlert'
  | 'thresholdsTold'
>

const projection = {
  ...{ accountId: 1, prefix: 1, tier: 1, createdAt: 1 },
  ...{ alertThresholds: 1, quotaAlert: 1, thresholdsTold: 1 },
} as const

export type ExamineKeys = (
  usages: readonly KeyUsage[],
  session?: ClientSession,
) => Promise<Examined>

/**
 * Raises what the usage of some keys calls for: the one place that does, whichever way it was seen. Only
 * of the running month: what arrives after its end would tell of a quota that has begun anew. One key
 * that fails keeps no other waiting.
 */
export function createExamineKeys(deps: ExamineDeps): ExamineKeys {
  const { db, clock, log, metrics } = deps
  const checkDay = createDayCheck(deps)

  return async (usages, session) => {
    const month = startOfMonth(clock())
    const running = usages.filter((usage) => usage.month >= month)
    const examined: Examined = { alerts: {}, failed: [] }
    if (running.length === 0) return examined
    const ids = running.map(({ apiKeyId }) => apiKeyId)
    const found = apiKeys(db).find({ _id: { $in: ids }, revokedAt: null }, { projection })
    const keys = new Map((await found.toArray()).map((key) => [key._id, key]))
    for (const usage of running) {
      const key = keys.get(usage.apiKeyId)
      if (!key) continue
      try {
        for (const level of await examineKey(key, usage, session)) {
          examined.alerts[level] = (examined.alerts[level] ?? 0) + 1
          if (usage.at !== undefined) metrics.delay.observe((clock() - usage.at) / 1_000)
        }
      } catch (error) {
        metrics.failures.inc()
        examined.failed.push(usage)
        log.warn({ err: error, apiKeyId: key._id }, 'a key could not be examined; tried again')
      }
    }
    return examined
  }

  /** @returns the levels raised */
  async function examineKey(
    key: ExaminedKey,
    usage: KeyUsage,
    session: ClientSession | undefined,
  ): Promise<string[]> {
    const monthlyLimit = deps.plans.get(key.tier)?.monthlyLimit ?? null
    const of = { month: monthName(usage.month), used: usage.monthTotal, monthlyLimit }
    const raised: string[] = []
    const tell = async <Told>(reached: Reached<Told>, note: ToldNote) => {
      const alert = alertOf(key, of, reached)
      const options = { ...alert.options, note, ...(session && { session }) }
      if (await deps.raise(alert.alert, options)) raised.push(alert.alert.level)
    }
    const level = reachedQuotaLevel(of, key)
    if (level) await tell(level, { quotaAlert: level.told })
    const own = reachedThreshold(of, key.alertThresholds ?? [], key)
    if (own) await tell(own, { thresholdsTold: own.told })
    const unusual = await checkDay(key, usage, session)
    return unusual ? [...raised, unusual] : raised
  }
}

function alertOf(
  key: ExaminedKey,
  of: { month: string; used: number; monthlyLimit: number | null },
  { step, passed }: Pick<Reached<unknown>, 'step' | 'passed'>,
) {
  const idOf = (id: string) => `${key._id}:${of.month}:${id}`
  return {
    alert: {
      _id: idOf(step.id),
      ...{ accountId: key.accountId, apiKeyId: key._id },
      ...{ level: step.level, percent: step.percent, ...of },
      message: thresholdMessage(key.prefix, step, of),
    },
    options: {
      passed: passed.map(({ id, level, percent }) => ({ _id: idOf(id), level, percent })),
    },
  }
}
