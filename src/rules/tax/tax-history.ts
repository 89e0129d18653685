import { BadInput } from '../bad-input.ts'
import { type CalendarDate, isCalendarDate } from './calendar-date.ts'
import type { TaxData } from './tax-data.ts'
import type { TaxDateChange } from './tax-date-change.ts'

/** The tax data with the changes that were announced, as it stands and as it stood. */
export type TaxHistory = {
  current(): TaxData
  /** The rules alone, as if nothing had ever been announced. */
  fromRules(): TaxData
  /**
   * What the API said at the end of that day, UTC.
   * @throws BadInput no date, or a day in the future
   */
  asKnownOn(day: CalendarDate): TaxData
  /** Every change known to this process, in the order of entry. */
  changes(): readonly TaxDateChange[]
}

/** Data to which nothing was announced. */
export function unchanged(data: TaxData, clock: () => number): TaxHistory {
  return {
    current: () => data,
    fromRules: () => data,
    asKnownOn(day) {
      if (!isCalendarDate(day)) throw new BadInput(`asKnownOn: ${day} is not a date, YYYY-MM-DD`)
      if (day > new Date(clock()).toISOString().slice(0, 10)) {
        throw new BadInput(`asKnownOn: ${day} lies in the future`)
      }
      return data
    },
    changes: () => [],
  }
}
