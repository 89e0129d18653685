import { type EpochDay, toEpochDay } from './calendar-date.ts'
import type {
  CalendarsFile,
  GeneratedCalendars,
  Holiday,
  HolidayCalendar,
  ListedCalendar,
} from './holiday-calendar.ts'

/**
 * Turns the validated files into calendars; `problems` receives one line for each that cannot be.
 *
 * calendars.json stands above what was generated: its `covers` are taken from it alone, and outside
 * of them each of its entries. A generated holiday after `covers` is only expected, so it is
 * provisional; one before them is a fact of the past.
 */
export function buildCalendars(
  file: CalendarsFile,
  problems: string[],
  generated?: GeneratedCalendars,
): ReadonlyMap<string, HolidayCalendar> {
  const listed = new Map<string, HolidayCalendar>()
  for (const [id, entry] of Object.entries(file)) {
    if ('holidays' in entry) listed.set(id, listedCalendar(id, entry, generated, problems))
  }
  for (const id of Object.keys(generated?.calendars ?? {})) {
    if (!listed.has(id))
      problems.push(`calendar ${id}: is generated, but calendars.json lists none`)
  }
  const calendars = new Map<string, HolidayCalendar>()
  for (const [id, entry] of Object.entries(file)) {
    const calendar = 'unionOf' in entry ? unionOf(id, entry, listed) : listed.get(id)
    if (calendar === undefined) {
      problems.push(`calendar ${id}: unionOf names a calendar that is not listed`)
    } else {
      calendars.set(id, 'unionOf' in entry ? calendar : namingItsPlace(calendar))
    }
  }
  return calendars
}

/** Holidays without their place; a union tells it in its own way. */
function listedCalendar(
  id: string,
  entry: ListedCalendar,
  generated: GeneratedCalendars | undefined,
  problems: string[],
): HolidayCalendar {
  const holidays = listedDays(entry)
  if (entry.covers === undefined) {
    if (holidays.size > 0) {
      problems.push(`calendar ${id}: has holidays but does not say which days it covers`)
    }
    return { id, name: entry.name, covers: null, holidays }
  }
  const own = epochDays(entry.covers)
  if (own.from > own.to) problems.push(`calendar ${id}: covers ends before it begins`)
  for (const date of entry.expected ?? []) {
    if (!holidays.has(toEpochDay(date))) {
      problems.push(`calendar ${id}: expected ${date} is not one of its holidays`)
    }
  }
  const more = generated?.calendars[id]
  if (generated === undefined || more === undefined) {
    // Every country would lose all other years without a word.
    if (generated) problems.push(`calendar ${id}: is not generated; run npm run tax:calendars`)
    return { id, name: entry.name, covers: own, holidays }
  }
  for (const [date, name] of Object.entries(more.holidays)) {
    const day = toEpochDay(date)
    if ((day >= own.from && day <= own.to) || holidays.has(day)) continue
    holidays.set(day, { name, provisional: day > own.to })
  }
  const further = epochDays(generated.covers)
  if (further.from > own.to + 1 || further.to < own.from - 1) {
    problems.push(`calendar ${id}: days between its covers and the generated ones are not known`)
  }
  const covers = { from: Math.min(own.from, further.from), to: Math.max(own.to, further.to) }
  return { id, name: entry.name, covers, holidays }
}

function listedDays({ holidays, corrections = [], expected = [] }: ListedCalendar) {
  const unproclaimed = new Set(expected)
  const days = new Map<EpochDay, Holiday>()
  for (const [date, name] of Object.entries(holidays)) {
    days.set(toEpochDay(date), { name, provisional: unproclaimed.has(date) })
  }
  for (const { date, holiday } of corrections) {
    days.set(toEpochDay(date), { name: holiday, provisional: false })
  }
  return days
}

function epochDays({ from, to }: { from: string; to: string }): { from: EpochDay; to: EpochDay } {
  return { from: toEpochDay(from), to: toEpochDay(to) }
}

function namingItsPlace(calendar: HolidayCalendar): HolidayCalendar {
  const holidays = new Map<EpochDay, Holiday>()
  for (const [day, { name, provisional }] of calendar.holidays) {
    holidays.set(day, { name: `${name} (${calendar.name})`, provisional })
  }
  return { ...calendar, holidays }
}

type Union = Extract<CalendarsFile[string], { unionOf: string[] }>

/**
 * The union that AU federal dates follow: "a holiday for the whole of any State" (TAA 1953
 * s 8AAZMB). A holiday tells its places, the same name once: `Labour Day (WA)`. A day is provisional
 * where no member has proclaimed it.
 */
function unionOf(
  id: string,
  { name, inAll, unionOf }: Union,
  listed: ReadonlyMap<string, HolidayCalendar>,
): HolidayCalendar | undefined {
  const members = unionOf.flatMap((member) => listed.get(member) ?? [])
  if (members.length < unionOf.length) return undefined
  const days = new Map<EpochDay, { places: Map<string, string[]>; provisional: boolean }>()
  for (const member of members) {
    for (const [day, holiday] of member.holidays) {
      const found = days.get(day) ?? { places: new Map<string, string[]>(), provisional: true }
      const places = found.places.get(holiday.name) ?? []
      found.places.set(holiday.name, [...places, placeOf(member.id)])
      found.provisional &&= holiday.provisional
      days.set(day, found)
    }
  }
  const holidays = new Map<EpochDay, Holiday>()
  for (const [day, { places, provisional }] of days) {
    const names = [...places].map(([holiday, where]) => {
      return `${holiday} (${where.length === members.length ? inAll : where.join(', ')})`
    })
    holidays.set(day, { name: names.join(' / '), provisional })
  }
  return { id, name, covers: commonCover(members), holidays }
}

function commonCover(members: readonly HolidayCalendar[]): HolidayCalendar['covers'] {
  const covered = members.flatMap(({ covers }) => covers ?? [])
  return {
    from: Math.max(...covered.map(({ from }) => from)),
    to: Math.min(...covered.map(({ to }) => to)),
  }
}

/** `AU-WA` is WA. */
function placeOf(calendarId: string): string {
  return calendarId.slice(calendarId.indexOf('-') + 1)
}
