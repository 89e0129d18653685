import type { Db } from 'mongodb'
import { dayName, monthName, startOfDay, startOfMonth } from '../../rules/calendar-time.ts'
import { partitionOf } from '../../rules/partition.ts'
import { type ApiKeyDoc, apiKeys } from '../../store/api-keys.ts'
import { type UsageCell, usageCells } from '../../store/usage-cells.ts'
import type { ExamineDeps, ExamineKeys, KeyUsage } from './examine-keys.ts'

/** The rest comes with the next look. */
const BATCH = 500

type MovedKey = Required<Pick<ApiKeyDoc, '_id' | 'levelsMovedAt'>>

/**
 * Keys whose plan or thresholds were changed: no call need follow that would bring a live message, and
 * after a change to a plan that is used up none can.
 * @returns a function that looks at those of some partitions; what fails is found again
 */
export function createMovedLevelsScan({ db, clock }: ExamineDeps, examine: ExamineKeys) {
  return async (partitions: { has(partition: number): boolean }): Promise<void> => {
    const found = apiKeys(db)
      .find({ levelsMovedAt: { $type: 'date' } })
      .project<MovedKey>({ levelsMovedAt: 1 })
      .sort({ levelsMovedAt: 1 })
      .limit(BATCH)
    const moved = (await found.toArray()).filter(({ _id }) => partitions.has(partitionOf(_id)))
    if (moved.length === 0) return
    const ids = moved.map(({ _id }) => _id)
    const { failed } = await examine(await readUsage(db, ids, clock()))
    const again = new Set(failed.map(({ apiKeyId }) => apiKeyId))
    for (const { _id, levelsMovedAt } of moved) {
      if (again.has(_id)) continue
      // What was changed once more meanwhile is looked at once more.
      await apiKeys(db).updateOne({ _id, levelsMovedAt }, { $unset: { levelsMovedAt: '' } })
    }
  }
}

/** Of those keys that were called this month. */
async function readUsage(db: Db, ids: readonly string[], now: number): Promise<KeyUsage[]> {
  const { months, days } = usageCells(db)
  const projection = { projection: { apiKeyId: 1, total: 1 } }
  const named = (name: string) => ({ _id: { $in: ids.map((id) => `${id}:${name}`) } })
  const [ofMonth, ofDay]: Pick<UsageCell, 'apiKeyId' | 'total'>[][] = await Promise.all([
    months.find(named(monthName(now)), projection).toArray(),
    days.find(named(dayName(now)), projection).toArray(),
  ])
  const today = new Map(ofDay?.map(({ apiKeyId, total }) => [apiKeyId, total]))
  return (ofMonth ?? []).map(({ apiKeyId, total: monthTotal }) => ({
    ...{ apiKeyId, month: startOfMonth(now), monthTotal },
    ...{ day: startOfDay(now), dayTotal: today.get(apiKeyId) ?? 0 },
  }))
}
