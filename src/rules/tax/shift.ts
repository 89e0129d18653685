import {
  type CalendarDate,
  type EpochDay,
  fromEpochDay,
  isWeekend,
  toEpochDay,
  weekdayName,
} from './calendar-date.ts'
import type { DueAnchor } from './due-date.ts'
import type { Holiday, HolidayCalendar } from './holiday-calendar.ts'
import type { Move } from './provenance.ts'
import type { ShiftRule } from './tax-rule.ts'

/** No shift is longer than this, even over Christmas; a calendar that needs more is broken. */
const LONGEST_SHIFT = 30
const NO_MOVES: readonly never[] = []

/** A date after weekends and holidays, and how it came there. */
export type Shifted = {
  readonly dueDate: CalendarDate
  /** The days that were passed over, in the order in which they were; empty where nothing moved. */
  readonly moves: readonly Move[]
}

/** Business days counted without weekends; holidays do not enter the statutory date. */
export function statutoryDate(anchor: DueAnchor): CalendarDate {
  let day = toEpochDay(anchor.date)
  for (let left = anchor.businessDays; left > 0; ) {
    day += 1
    if (!isWeekend(day)) left -= 1
  }
  return fromEpochDay(day)
}

/**
 * The date after weekends and holidays. Undefined where it depends on a day whose holidays the
 * calendar does not know: such a date is left out, never guessed. Days that are not looked at need
 * not be known, so a weekend before the calendar begins does no harm.
 */
export function shiftDueDate(
  anchor: DueAnchor,
  shift: ShiftRule,
  calendar: HolidayCalendar,
): Shifted | undefined {
  const statutory = toEpochDay(statutoryDate(anchor))
  const moved =
    shift.convention === 'businessDayCount'
      ? countBusinessDays(toEpochDay(anchor.date), anchor.businessDays, calendar)
      : moveToWorkingDay(statutory, shift, calendar)
  if (moved === undefined) return undefined
  return {
    dueDate: fromEpochDay(moved.day),
    moves:
      moved.day === statutory ? NO_MOVES : moved.passedOver.map((day) => moveOf(day, calendar)),
  }
}

type PassedOver = { readonly day: EpochDay; readonly holiday: Holiday | null }
type Moved = { readonly day: EpochDay; readonly passedOver: readonly PassedOver[] }

/** The day itself if it is a working day, else the next or previous one, as the shift says. */
function moveToWorkingDay(
  from: EpochDay,
  shift: ShiftRule,
  calendar: HolidayCalendar,
): Moved | undefined {
  const passedOver: PassedOver[] = []
  if (shift.convention === 'none') return { day: from, passedOver }
  const step = shift.convention === 'previous' ? -1 : 1
  for (let day = from; Math.abs(day - from) <= LONGEST_SHIFT; day += step) {
    if (shift.weekends && isWeekend(day)) {
      passedOver.push({ day, holiday: null })
      continue
    }
    if (!isCovered(day, calendar)) return undefined
    const holiday = calendar.holidays.get(day)
    if (holiday === undefined) return { day, passedOver }
    passedOver.push({ day, holiday })
  }
  return undefined
}

/** Counts days that are neither weekend nor holiday; weekends are nobody's reason, holidays are. */
function countBusinessDays(
  from: EpochDay,
  count: number,
  calendar: HolidayCalendar,
): Moved | undefined {
  const passedOver: PassedOver[] = []
  let left = count
  let day = from
  while (left > 0) {
    day += 1
    if (isWeekend(day)) continue
    if (!isCovered(day, calendar)) return undefined
    const holiday = calendar.holidays.get(day)
    if (holiday === undefined) left -= 1
    else passedOver.push({ day, holiday })
  }
  return { day, passedOver }
}

function isCovered(day: EpochDay, { covers }: HolidayCalendar): boolean {
  return covers === null || (day >= covers.from && day <= covers.to)
}

function moveOf({ day, holiday }: PassedOver, { id, name }: HolidayCalendar): Move {
  return {
    kind: holiday === null ? 'WEEKEND' : 'HOLIDAY',
    date: fromEpochDay(day),
    name: holiday === null ? weekdayName(day) : holiday.name,
    calendar: { id, name },
    provisional: holiday?.provisional ?? false,
  }
}

/**
 * Moves in words, null for none: `weekend, Saturday 2026-02-28 and Sunday 2026-03-01; Labour Day (WA),
 * Monday 2026-03-02`.
 */
export function movesInWords(moves: readonly Move[]): string | null {
  if (moves.length === 0) return null
  const told: string[] = []
  let weekend: string[] = []
  const closeWeekend = () => {
    if (weekend.length > 0) told.push(`weekend, ${weekend.join(' and ')}`)
    weekend = []
  }
  for (const { kind, date, name } of moves) {
    const when = date === null ? null : `${weekdayName(toEpochDay(date))} ${date}`
    if (kind === 'WEEKEND' && when !== null) {
      weekend.push(when)
    } else {
      closeWeekend()
      told.push(when === null ? name : `${name}, ${when}`)
    }
  }
  closeWeekend()
  return told.join('; ')
}
