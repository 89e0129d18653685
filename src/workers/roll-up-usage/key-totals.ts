import type { ClientSession, Db } from 'mongodb'
import { startOfDay, startOfHour, startOfMonth } from '../../rules/calendar-time.ts'
import { readTotals } from '../../store/usage-cell-writes.ts'
import { usageCells } from '../../store/usage-cells.ts'
import type { LiveTotals } from '../../streams/live-messages.ts'
import { type Fold, type KeySum, nameOfDay, nameOfHour, nameOfMonth } from './fold.ts'

/** LiveTotals by partition. */
export type TotalsByPartition = Map<number, LiveTotals[]>

/**
 * Totals of the keys that this worker owns, so that live messages need no query: read once when a key
 * is first touched or enters a new hour, then added to. Only the owner adds, so they stay exact; when
 * anything goes wrong they are forgotten with everything else.
 */
export interface KeyTotals {
  /** Totals after this fold, inside its transaction and before its writes. Changes nothing yet. */
  after(fold: Fold, now: number, session: ClientSession): Promise<TotalsByPartition>
  /** Once the transaction is committed. */
  keep(totals: TotalsByPartition): void
  /** Of every key that is known; may still hold keys that another worker owns by now. */
  known(): Iterable<LiveTotals>
  forget(): void
}

/** About 400 bytes each. */
const keysKept = 100_000

const grains = ['hour', 'day', 'month'] as const
const startOf = { hour: startOfHour, day: startOfDay, month: startOfMonth }
const nameOf = { hour: nameOfHour, day: nameOfDay, month: nameOfMonth }

export function createKeyTotals(db: Db): KeyTotals {
  const kept = new Map<string, LiveTotals>()

  /**
   * State as of `now`, or of the newest event where an API's clock is ahead: so a late event of an
   * older month never shows that month's totals as if they were the current ones.
   */
  async function after(
    fold: Fold,
    now: number,
    session: ClientSession,
  ): Promise<TotalsByPartition> {
    const drafts = new Map<KeySum, LiveTotals>()
    const missing = { hour: new Map(), day: new Map(), month: new Map() } as Record<
      (typeof grains)[number],
      Map<string, LiveTotals>
    >
    for (const key of fold.keys.values()) {
      const draft = blank(key, Math.max(now, key.newest))
      const known = kept.get(key.apiKeyId)
      for (const grain of grains) {
        if (known?.[grain] === draft[grain]) {
          draft[`${grain}Total`] = known[`${grain}Total`]
          draft[`${grain}Failed`] = known[`${grain}Failed`]
        } else missing[grain].set(`${key.apiKeyId}:${nameOf[grain](draft[grain])}`, draft)
      }
      drafts.set(key, draft)
    }
    const { hours, days, months } = usageCells(db)
    await load(hours, missing.hour, 'hour', session)
    await load(days, missing.day, 'day', session)
    await load(months, missing.month, 'month', session)
    const byPartition: TotalsByPartition = new Map()
    for (const [key, draft] of drafts) {
      add(key, draft)
      const list = byPartition.get(key.partition)
      if (list) list.push(draft)
      else byPartition.set(key.partition, [draft])
    }
    return byPartition
  }

  return {
    after,
    keep(totals) {
      for (const list of totals.values()) {
        for (const total of list) {
          kept.delete(total.apiKeyId)
          kept.set(total.apiKeyId, total)
        }
      }
      // The least recently counted go first.
      for (const apiKeyId of kept.keys()) {
        if (kept.size <= keysKept) break
        kept.delete(apiKeyId)
      }
    },
    known: () => kept.values(),
    forget: () => kept.clear(),
  }
}

function blank({ apiKeyId, accountId }: KeySum, at: number): LiveTotals {
  return {
    ...{ apiKeyId, accountId, at },
    ...{ hour: startOfHour(at), hourTotal: 0, hourFailed: 0 },
    ...{ day: startOfDay(at), dayTotal: 0, dayFailed: 0 },
    ...{ month: startOfMonth(at), monthTotal: 0, monthFailed: 0 },
  }
}

async function load(
  collection: Parameters<typeof readTotals>[0],
  missing: ReadonlyMap<string, LiveTotals>,
  grain: (typeof grains)[number],
  session: ClientSession,
): Promise<void> {
  for (const [id, { total, failed }] of await readTotals(
    collection,
    [...missing.keys()],
    session,
  )) {
    const draft = missing.get(id)
    if (!draft) continue
    draft[`${grain}Total`] = total
    draft[`${grain}Failed`] = failed
  }
}

function add(key: KeySum, draft: LiveTotals): void {
  for (const sum of key.hours) {
    for (const grain of grains) {
      if (startOf[grain](sum.hour) !== draft[grain]) continue
      draft[`${grain}Total`] += sum.total
      draft[`${grain}Failed`] += sum.failed
    }
  }
}
