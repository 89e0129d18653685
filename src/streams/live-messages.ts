import { pack, unpack } from 'msgpackr'

/**
 * State of one API key after a commit: totals, not deltas, so a reader that missed ten needs only
 * the next. They are those of the hour, day and month that hold `at`: a late event of an older month
 * never shows that month's totals as if they were the current ones.
 */
export interface LiveTotals {
  apiKeyId: string
  accountId: string
  /** When they were committed, ms; or of the newest event, where an API's clock is ahead. */
  at: number
  /** Start of the hour, day and month that hold `at`, ms, UTC; billed units and failed fields in each. */
  hour: number
  hourTotal: number
  hourFailed: number
  day: number
  dayTotal: number
  dayFailed: number
  month: number
  monthTotal: number
  monthFailed: number
}

/** The entry's one field. */
export const liveField = 'b'

const version = 1
const width = 12

/** `[version, flat array of 12 values a key]` in MessagePack; PROTOCOL.md. */
export function encodeLiveTotals(totals: readonly LiveTotals[]): Buffer {
  const flat: (string | number)[] = []
  for (const t of totals) {
    flat.push(t.apiKeyId, t.accountId, t.at, t.hour, t.hourTotal, t.hourFailed)
    flat.push(t.day, t.dayTotal, t.dayFailed, t.month, t.monthTotal, t.monthFailed)
  }
  return pack([version, flat])
}

/** Null for what this release cannot read (a later version, or no such message): readers skip it. */
export function decodeLiveTotals(message: Buffer): LiveTotals[] | null {
  let decoded: unknown
  try {
    decoded = unpack(message)
  } catch {
    return null
  }
  if (!Array.isArray(decoded) || decoded[0] !== version || !Array.isArray(decoded[1])) return null
  const flat: unknown[] = decoded[1]
  if (flat.length % width !== 0) return null
  const totals: LiveTotals[] = []
  for (let i = 0; i < flat.length; i += width) {
    const [apiKeyId, accountId, ...numbers] = flat.slice(i, i + width)
    if (typeof apiKeyId !== 'string' || typeof accountId !== 'string') return null
    if (!numbers.every((value) => typeof value === 'number')) return null
    const [at = 0, hour = 0, hourTotal = 0, hourFailed = 0, day = 0] = numbers
    const [dayTotal = 0, dayFailed = 0, month = 0, monthTotal = 0, monthFailed = 0] =
      numbers.slice(5)
    totals.push({
      ...{ apiKeyId, accountId, at, hour, hourTotal, hourFailed },
      ...{ day, dayTotal, dayFailed, month, monthTotal, monthFailed },
    })
  }
  return totals
}
