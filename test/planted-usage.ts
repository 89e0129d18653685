import type { Db } from 'mongodb'
import {
  dayName,
  hourName,
  monthName,
  startOfDay,
  startOfHour,
  startOfMonth,
} from '../src/rules/calendar-time.ts'
import {
  DAYS_LIVE_MS,
  HOURS_LIVE_MS,
  type UsageCell,
  usageCells,
} from '../src/store/usage-cells.ts'

export interface PlantedCall {
  apiKeyId: string
  accountId: string
  /** ms, or an RFC 3339 instant */
  at: number | string
  endpoint?: string
  units?: number
  failed?: number
  tier?: string
  /** Skipped for calls so old that their hour has expired. */
  hour?: boolean
}

/** What the roll-up would leave of these calls: hour, day and month raised by the same amounts. */
export async function plantUsage(db: Db, calls: readonly PlantedCall[]): Promise<void> {
  const cells = usageCells(db)
  for (const call of calls) {
    const at = typeof call.at === 'number' ? call.at : Date.parse(call.at)
    const [hour, day, month] = [startOfHour(at), startOfDay(at), startOfMonth(at)]
    if (call.hour !== false)
      await raise(cells.hours, call, hourName(at), hour, hour + HOURS_LIVE_MS)
    await raise(cells.days, call, dayName(at), day, day + DAYS_LIVE_MS)
    await raise(cells.months, call, monthName(at), month)
  }
}

type Cells = ReturnType<typeof usageCells>[keyof ReturnType<typeof usageCells>]

async function raise(cells: Cells, call: PlantedCall, period: string, at: number, end?: number) {
  const { apiKeyId, accountId, tier = 'free', endpoint = 'taxDates', units = 1, failed = 0 } = call
  const collection = cells as unknown as import('mongodb').Collection<UsageCell>
  await collection.updateOne(
    { _id: `${apiKeyId}:${period}` },
    {
      $inc: { total: units, failed, [`endpoints.${endpoint}`]: units },
      $set: { tier },
      $setOnInsert: {
        apiKeyId,
        accountId,
        at: new Date(at),
        // Far off: the TTL monitor must not remove what a test with a clock of its own has planted.
        ...(end && { expiresAt: new Date(end + 100 * 365 * 86_400_000) }),
      },
    },
    { upsert: true },
  )
}
