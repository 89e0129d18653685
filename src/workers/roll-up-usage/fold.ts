import {
  dayName,
  HOUR,
  hourName,
  monthName,
  startOfDay,
  startOfHour,
  startOfMonth,
} from '../../rules/calendar-time.ts'
import type { CellIncrement, CellIncrements } from '../../store/usage-cell-writes.ts'
import { type Blob, type EventTable, eventWidth, whoWidth } from '../../streams/usage-codec.ts'

/** What a flush adds to one key in one hour. */
interface HourSum {
  hour: number
  total: number
  failed: number
  endpoints: Map<string, number>
  newest: number
  tier: string
}

/** What a flush adds to one key. */
export interface KeySum {
  apiKeyId: string
  accountId: string
  partition: number
  newest: number
  hours: HourSum[]
  /** The hour of the last event: nearly always the next one's too. */
  current: HourSum
}

/** Sums of one flush; cost follows events while adding and cells afterwards. */
export interface Fold {
  readonly keys: ReadonlyMap<string, KeySum>
  /** Distinct (key, hour): a third of the cells to write, or more. */
  readonly size: number
  readonly events: number
  /** Adds the events of the blob's frames above `above`. */
  add(partition: number, blob: Blob, above: number): void
}

export function createFold(): Fold {
  const keys = new Map<string, KeySum>()
  let size = 0
  let events = 0

  function keyAt(table: EventTable, who: number, partition: number, at: number): KeySum {
    const apiKeyId = table.who[who * whoWidth] ?? ''
    const known = keys.get(apiKeyId)
    if (known) return known
    const current = newHour(startOfHour(at))
    const accountId = table.who[who * whoWidth + 1] ?? ''
    const sum = { apiKeyId, accountId, partition, newest: 0, hours: [current], current }
    keys.set(apiKeyId, sum)
    return sum
  }

  function newHour(hour: number): HourSum {
    size++
    return { hour, total: 0, failed: 0, endpoints: new Map(), newest: -1, tier: '' }
  }

  function hourOf(key: KeySum, at: number): HourSum {
    if (at >= key.current.hour && at < key.current.hour + HOUR) return key.current
    const start = startOfHour(at)
    let hour = key.hours.find((candidate) => candidate.hour === start)
    if (!hour) {
      hour = newHour(start)
      key.hours.push(hour)
    }
    key.current = hour
    return hour
  }

  return {
    keys,
    get size() {
      return size
    },
    get events() {
      return events
    },
    add(partition, blob, above) {
      const { base } = blob
      const names = blob.endpoints.map(asFieldName)
      const known: (KeySum | undefined)[] = new Array(blob.who.length / whoWidth)
      for (const frame of blob.frames) {
        if (frame.n <= above) continue
        const flat = frame.events
        events += flat.length / eventWidth
        for (let i = 0; i < flat.length; i += eventWidth) {
          const who = flat[i] ?? 0
          const at = base + (flat[i + 2] ?? 0)
          const units = flat[i + 3] ?? 0
          known[who] ??= keyAt(blob, who, partition, at)
          const key = known[who]
          const hour = hourOf(key, at)
          hour.total += units
          hour.failed += flat[i + 4] ?? 0
          if (units > 0) {
            const name = names[flat[i + 1] ?? 0] ?? ''
            hour.endpoints.set(name, (hour.endpoints.get(name) ?? 0) + units)
          }
          if (at >= hour.newest) {
            hour.newest = at
            hour.tier = blob.who[who * whoWidth + 2] ?? ''
            if (at > key.newest) key.newest = at
          }
        }
      }
    },
  }
}

/** No endpoint has such a name; if one ever had, its partition must not stand still for it. */
function asFieldName(endpoint: string): string {
  return /^\$|[.\0]/.test(endpoint) || endpoint === ''
    ? endpoint.replace(/^\$|[.\0]|^$/g, '_')
    : endpoint
}

/** The sums as increments of hours, days and months. */
export function incrementsOf(fold: Fold): CellIncrements {
  const hours: CellIncrement[] = []
  const days: CellIncrement[] = []
  const months: CellIncrement[] = []
  for (const key of fold.keys.values()) {
    for (const hour of key.hours) hours.push(incrementOf(key, hour, hour.hour, nameOfHour))
    for (const day of merge(key.hours, startOfDay))
      days.push(incrementOf(key, day, day.hour, nameOfDay))
    for (const month of merge(key.hours, startOfMonth)) {
      months.push(incrementOf(key, month, month.hour, nameOfMonth))
    }
  }
  return { hours, days, months }
}

/** Hours summed by the day or month that holds them; a single hour, the rule, costs no copy. */
function merge(hours: readonly HourSum[], startOf: (at: number) => number): HourSum[] {
  const [only] = hours
  if (hours.length === 1 && only) return [{ ...only, hour: startOf(only.hour) }]
  const merged = new Map<number, HourSum>()
  for (const hour of hours) {
    const start = startOf(hour.hour)
    const sum = merged.get(start)
    if (!sum) {
      merged.set(start, { ...hour, hour: start, endpoints: new Map(hour.endpoints) })
      continue
    }
    sum.total += hour.total
    sum.failed += hour.failed
    for (const [name, units] of hour.endpoints) {
      sum.endpoints.set(name, (sum.endpoints.get(name) ?? 0) + units)
    }
    if (hour.newest >= sum.newest) Object.assign(sum, { newest: hour.newest, tier: hour.tier })
  }
  return [...merged.values()]
}

function incrementOf(
  { apiKeyId, accountId }: KeySum,
  { total, failed, endpoints, tier }: HourSum,
  at: number,
  nameOf: (at: number) => string,
): CellIncrement {
  return {
    _id: `${apiKeyId}:${nameOf(at)}`,
    apiKeyId,
    accountId,
    tier,
    at,
    total,
    failed,
    endpoints,
  }
}

/** Thousands of keys share the same few hours. */
function remember(nameOf: (at: number) => string): (at: number) => string {
  let last = { at: Number.NaN, name: '' }
  return (at) => {
    if (at !== last.at) last = { at, name: nameOf(at) }
    return last.name
  }
}

export const nameOfHour = remember(hourName)
export const nameOfDay = remember(dayName)
export const nameOfMonth = remember(monthName)
