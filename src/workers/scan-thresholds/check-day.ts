import type { ClientSession, Db } from 'mongodb'
import { anomalyMessage } from '../../rules/alert-message.ts'
import { type Baseline, baselineOf, type DayUnits } from '../../rules/anomaly.ts'
import { DAY, dayName, monthName, startOfDay } from '../../rules/calendar-time.ts'
import { deadlinesOf, expectedDeadline } from '../../rules/deadline-profile.ts'
import { datesReadLately } from '../../store/dates-read.ts'
import { usageCells } from '../../store/usage-cells.ts'
import type { ExamineDeps, ExaminedKey, KeyUsage } from './examine-keys.ts'

interface Known {
  day: number
  /** null: too little is known of the key. */
  baseline: Baseline | null
  told: boolean
}

/** Baselines kept; they are read again where one is missing. */
const KEYS_KEPT = 20_000
/** Due dates and what was called before them. */
const HISTORY_DAYS = 90

/**
 * Whether a key's day is unusual, told once a day: EXPECTED_PEAK where a deadline explains it, else
 * ANOMALY. What is usual is read once a key and day, and only once its count could be unusual at all.
 * @returns a function that returns the level raised, or null
 */
export function createDayCheck(deps: ExamineDeps) {
  const { db, clock, plans, taxData, raise, anomaly: rule } = deps
  const known = new Map<string, Known>()

  return async (
    key: ExaminedKey,
    { day, dayTotal }: KeyUsage,
    session: ClientSession | undefined,
  ): Promise<string | null> => {
    if (dayTotal < rule.factor * rule.leastAverage || day < startOfDay(clock())) return null
    const state = await stateOf(key, day)
    if (state.told || !state.baseline || dayTotal < state.baseline.unusualFrom) return null
    const deadline = await explanation(key, day)
    const raised = await raise(
      {
        // One a day, explained or not: what explains it may be announced meanwhile.
        _id: `${key._id}:${dayName(day)}:ANOMALY`,
        ...{ accountId: key.accountId, apiKeyId: key._id },
        level: deadline === null ? 'ANOMALY' : 'EXPECTED_PEAK',
        ...{ month: monthName(day), used: dayTotal, percent: null },
        monthlyLimit: plans.get(key.tier)?.monthlyLimit ?? null,
        message: anomalyMessage(
          key.prefix,
          { dayTotal, average: state.baseline.average, factor: rule.factor },
          deadline,
        ),
      },
      session ? { session } : {},
    )
    state.told = true
    return raised?.level ?? null
  }

  async function stateOf(key: ExaminedKey, day: number): Promise<Known> {
    const before = known.get(key._id)
    if (before?.day === day) return before
    const history = await readDays(db, key._id, day, rule.days)
    const firstDay = Math.floor(key.createdAt.getTime() / DAY)
    const baseline = baselineOf(history, day / DAY, firstDay, rule)
    const state = { day, baseline, told: false }
    if (known.size >= KEYS_KEPT) known.clear()
    known.set(key._id, state)
    return state
  }

  async function explanation(key: ExaminedKey, day: number): Promise<string | null> {
    const today = day / DAY
    const data = taxData()
    const [history, read] = await Promise.all([
      readDays(db, key._id, day, HISTORY_DAYS),
      datesReadLately(db, [key._id], data, clock()),
    ])
    return expectedDeadline(history, today, deadlinesOf(data, today, read))
  }
}

/** Complete days before `day` (its start, ms) that have usage. */
async function readDays(db: Db, apiKeyId: string, day: number, count: number): Promise<DayUnits[]> {
  const ids = Array.from({ length: count }, (_, n) => `${apiKeyId}:${dayName(day - (n + 1) * DAY)}`)
  const cells = await usageCells(db)
    .days.find({ _id: { $in: ids } }, { projection: { at: 1, total: 1 } })
    .toArray()
  return cells.map(({ at, total }) => ({ day: at.getTime() / DAY, units: total }))
}
