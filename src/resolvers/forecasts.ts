import { setImmediate } from 'node:timers/promises'
import type { Db } from 'mongodb'
import { DAY, startOfDay, startOfMonth } from '../rules/calendar-time.ts'
import { type DueProfile, dueProfiles, profilesRead } from '../rules/forecast/due-profile.ts'
import { forecastMonth, type MonthForecast } from '../rules/forecast/forecast-month.ts'
import type { Plan } from '../rules/plan.ts'
import type { TaxData } from '../rules/tax/tax-data.ts'
import type { TaxHistory } from '../rules/tax/tax-history.ts'
import { keysOfAccounts } from '../store/api-keys.ts'
import { datesReadLately } from '../store/dates-read.ts'
import { readUsageHistory } from '../store/usage-history.ts'
import type { UsageScope } from './usage-scope.ts'

export interface Forecasts {
  /**
   * The running month of one key, or of the sum of an account's keys. Above five minutes of age it is given
   * once more while it is made anew; rejects only where there is none of this month and MongoDB is away.
   * @param plan the key's; null for an account, which has no limit of its own
   * @param used units of the month by now: a forecast that they have overtaken is made anew before its time
   */
  of(scope: UsageScope, plan: Plan | null, used: number): Promise<MonthForecast>
}

export interface ForecastsOptions {
  db: Db
  taxHistory: TaxHistory
  /** ms since the epoch */
  clock: () => number
}

/** A few minutes of one month move its forecast little. */
const FRESH_MS = 5 * 60_000
/** A new key's first forecast is of no calls at all, and wrong with the first of them. */
const FRESH_WHEN_OVERTAKEN_MS = 1_000
/** About 1 kB each. */
const FORECASTS_KEPT = 10_000
/** A due date pulls up to 30 days ahead, so that those of the next month reach into this one. */
const DAYS_OF_DUE_DATES = { before: 95, after: 65 }

/**
 * Forecasts of this process, each made at most every five minutes. One is made at a time, with a turn of
 * the event loop between two: each holds it for some milliseconds, and an account can have many keys.
 */
export function createForecasts({ db, taxHistory, clock }: ForecastsOptions): Forecasts {
  const kept = new Map<string, MonthForecast>()
  const pending = new Map<string, Promise<MonthForecast>>()
  let profiles: { data: TaxData; day: number; list: DueProfile[] } | null = null
  let turn: Promise<unknown> = Promise.resolve()

  function dueDates(now: number): DueProfile[] {
    const [data, day] = [taxHistory.current(), startOfDay(now) / DAY]
    if (profiles?.data !== data || profiles.day !== day) {
      const { before, after } = DAYS_OF_DUE_DATES
      profiles = { data, day, list: dueProfiles(data, day - before, day + after) }
    }
    return profiles.list
  }

  async function make(scope: UsageScope, plan: Plan | null): Promise<MonthForecast> {
    const now = clock()
    const [history, read] = await Promise.all([
      readUsageHistory(db, scope, now),
      keysIn(db, scope).then((ids) => datesReadLately(db, ids, taxHistory.current(), now)),
    ])
    const hardLimit = plan && plan.overage === null ? plan.monthlyLimit : null
    return forecastMonth(history, { ...profilesRead(dueDates(now), read), hardLimit })
  }

  function renew(name: string, scope: UsageScope, plan: Plan | null): Promise<MonthForecast> {
    const known = pending.get(name)
    if (known) return known
    const made = turn.then(async () => {
      const forecast = await make(scope, plan)
      kept.delete(name)
      kept.set(name, forecast)
      for (const oldest of kept.keys()) {
        if (kept.size <= FORECASTS_KEPT) break
        kept.delete(oldest)
      }
      return forecast
    })
    const done = () => {
      pending.delete(name)
      return setImmediate()
    }
    pending.set(name, made)
    turn = made.then(done, done)
    return made
  }

  return {
    of(scope, plan, used) {
      const name = `${scope.apiKeyId ?? scope.accountId}:${plan?.id ?? ''}`
      const [forecast, now] = [kept.get(name), clock()]
      if (forecast?.month !== startOfMonth(now)) return renew(name, scope, plan)
      const age = now - forecast.now
      if (used > forecast.high && age >= FRESH_WHEN_OVERTAKEN_MS) {
        return renew(name, scope, plan).catch(() => forecast)
      }
      // Who asks need not wait for what moves so little; nor does it fail with MongoDB.
      if (age >= FRESH_MS) renew(name, scope, plan).catch(() => {})
      return Promise.resolve(forecast)
    },
  }
}

async function keysIn(db: Db, { accountId, apiKeyId }: UsageScope): Promise<string[]> {
  if (apiKeyId !== null) return [apiKeyId]
  return ((await keysOfAccounts(db, [accountId])).get(accountId) ?? []).map(({ _id }) => _id)
}
