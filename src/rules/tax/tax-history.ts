import { BadInput } from '../bad-input.ts'
import { DAY, dayName } from '../calendar-time.ts'
import { applyChanges, changedDatesOf, periodKey } from './apply-changes.ts'
import { demandDate } from './argument-checks.ts'
import { type CalendarDate, toEpochDay } from './calendar-date.ts'
import type { TaxData } from './tax-data.ts'
import { type AnnouncedChange, isBefore, type TaxDateChange } from './tax-date-change.ts'
import type { TaxDate } from './tax-dates.ts'

/** The tax data with the changes that were announced, as it stands and as it stood. */
export type TaxHistory = {
  current(): TaxData
  /** The rules alone, as if nothing had ever been announced. */
  fromRules(): TaxData
  /**
   * What the API said at the end of that day, UTC; by today's rules, whose own history is not kept.
   * @throws BadInput no date, or a day in the future
   */
  asKnownOn(day: CalendarDate): TaxData
  /** Every change known to this process, in the order of entry. The list grows, and is never altered. */
  changes(): readonly TaxDateChange[]
  /** The dates that a change is about, of all regions, as they stand now; none for a mere notice. */
  datesOf(change: AnnouncedChange): readonly TaxDate[]
  /** The same as they stood before the change and after it; it need not be on record. */
  datesAround(change: TaxDateChange): {
    readonly before: readonly TaxDate[]
    readonly after: readonly TaxDate[]
  }
}

export type GrowingTaxHistory = TaxHistory & {
  /**
   * Takes what is on record, in the order of entry, and passes over what it knows.
   * @returns how many were new
   */
  record(changes: readonly TaxDateChange[]): number
}

/** Days that were asked for lately; each holds copies of the changed years alone. */
const DAYS_REMEMBERED = 8

/** @param base computed from rules alone */
export function createTaxHistory(base: TaxData, clock: () => number): GrowingTaxHistory {
  const changes: TaxDateChange[] = []
  const byPeriod = new Map<string, TaxDateChange[]>()
  const remembered = createShortMemory((count: number) =>
    applyChanges(base, changes.slice(0, count)),
  )
  let asItStands: TaxData | undefined = base
  const current = () => (asItStands ??= applyChanges(base, changes))

  function record(entered: readonly TaxDateChange[]): number {
    const before = changes.length
    for (const change of entered) {
      const last = changes.at(-1)
      if (last && !isBefore(last, change)) continue
      changes.push(change)
      const { obligationId, periodEnd } = change
      if (obligationId === null || periodEnd === null) continue
      const key = periodKey(obligationId, periodEnd)
      const others = byPeriod.get(key)
      if (others) others.push(change)
      else byPeriod.set(key, [change])
    }
    if (changes.length > before) asItStands = undefined
    return changes.length - before
  }

  function datesAfter(
    { country, obligationId, periodEnd }: AnnouncedChange,
    choose: (own: readonly TaxDateChange[]) => readonly TaxDateChange[],
  ): readonly TaxDate[] {
    if (obligationId === null || periodEnd === null) return []
    const own = byPeriod.get(periodKey(obligationId, periodEnd)) ?? []
    return changedDatesOf(base, { country, obligationId, periodEnd }, choose(own))
  }

  return {
    current,
    fromRules: () => base,
    asKnownOn(day) {
      demandDate('asKnownOn', day)
      const today = dayName(clock())
      if (day > today) throw new BadInput(`asKnownOn: ${day} lies in the future; today is ${today}`)
      if (day === today) return current()
      const end = (toEpochDay(day) + 1) * DAY
      // What is on record goes on in time, so that a day's changes are the first so many.
      const later = changes.findIndex(({ enteredAt }) => enteredAt >= end)
      return later === -1 ? current() : remembered(later)
    },
    changes: () => changes,
    record,
    datesOf: (change) => datesAfter(change, (own) => own),
    datesAround(change) {
      const earlier = (own: readonly TaxDateChange[]) => own.filter((one) => isBefore(one, change))
      return {
        before: datesAfter(change, earlier),
        after: datesAfter(change, (own) => [...earlier(own), change]),
      }
    },
  }
}

/** The last few answers of a pure function; the one that was asked for longest ago goes first. */
function createShortMemory(compute: (count: number) => TaxData): (count: number) => TaxData {
  const answers = new Map<number, TaxData>()
  return (count) => {
    const answer = answers.get(count) ?? compute(count)
    answers.delete(count)
    answers.set(count, answer)
    const [oldest] = answers.keys()
    if (answers.size > DAYS_REMEMBERED && oldest !== undefined) answers.delete(oldest)
    return answer
  }
}
