import { z } from 'zod'
import { type EpochDay, isCalendarDate, toEpochDay } from './calendar-date.ts'

/** A holiday calendar that rules name: which days are holidays, and from when to when it knows them. */
export type HolidayCalendar = {
  readonly id: string
  /** In words: `England and Wales`. */
  readonly name: string
  /** First and last day whose holidays are all known; null: nothing to know (the calendar NONE). */
  readonly covers: { readonly from: EpochDay; readonly to: EpochDay } | null
  readonly holidays: ReadonlyMap<EpochDay, Holiday>
}

export type Holiday = {
  /** With the place where it is one: `Easter Monday (England and Wales)`. */
  readonly name: string
  /** Expected by the law's own reckoning, and not proclaimed yet. */
  readonly provisional: boolean
}

export const calendarDateSchema = z
  .string()
  .refine(isCalendarDate, 'must be a date that exists, YYYY-MM-DD')
  .meta({
    id: 'calendarDate',
    format: 'date',
    pattern: '^\\d{4}-\\d{2}-\\d{2}$',
    description: 'A day that exists, YYYY-MM-DD.',
  })

export const sourceSchema = z
  .strictObject({
    name: z.string().min(1).describe('Who says it, and in what.'),
    url: z
      .url({ protocol: /^https$/ })
      .meta({ pattern: '^https://', description: 'The page itself.' }),
    read: calendarDateSchema.describe('The day somebody read it.'),
  })
  .meta({ id: 'source', description: 'Where a fact was read, and when.' })

const holidaysSchema = z
  .record(calendarDateSchema, z.string().min(1))
  .describe('Holidays by day, as the law or the authority calls them; weekends are not listed.')

const listedCalendarSchema = z.strictObject({
  name: z.string().min(1).describe('The place in words: England and Wales.'),
  covers: z
    .strictObject({
      from: calendarDateSchema.describe('First day.'),
      to: calendarDateSchema.describe('Last day.'),
    })
    .optional()
    .describe('The days whose holidays are all known; a date that depends on another is left out.'),
  corrections: z
    .array(
      z
        .strictObject({
          date: calendarDateSchema.describe('The holiday that is missing.'),
          holiday: z.string().min(1).describe('Its name.'),
          source: sourceSchema.describe('Who has it.'),
        })
        .describe('One holiday that the list lacks.'),
    )
    .optional()
    .describe('Holidays that the list lacks, each with the source that has it.'),
  holidays: holidaysSchema,
})

/** A day is a holiday here when it is one in any of the named calendars. */
const unionCalendarSchema = z.strictObject({
  name: z.string().min(1).describe('The places together, in words.'),
  unionOf: z
    .array(z.string().describe('Id of a listed calendar.'))
    .min(2)
    .describe('A day is a holiday here when it is one in any of these calendars.'),
})

export const calendarsFileSchema = z
  // Editors find the schema of the file by this field; it is no calendar.
  .preprocess(
    withoutSchemaReference,
    z.record(
      z.string().min(1).describe('The id by which rules name it: AU-NSW.'),
      z.union([listedCalendarSchema, unionCalendarSchema]).describe('One holiday calendar.'),
    ),
  )
  .describe('The holiday calendars that rules name, by id.')
export type CalendarsFile = z.infer<typeof calendarsFileSchema>
type ListedCalendar = z.infer<typeof listedCalendarSchema>

function withoutSchemaReference(file: unknown): unknown {
  if (typeof file !== 'object' || file === null || !('$schema' in file)) return file
  const { $schema: _named, ...calendars } = file
  return calendars
}

/** Turns the validated file into calendars; `problems` receives one line for each that cannot be. */
export function buildCalendars(
  file: CalendarsFile,
  problems: string[],
): ReadonlyMap<string, HolidayCalendar> {
  const calendars = new Map<string, HolidayCalendar>()
  for (const [id, entry] of Object.entries(file)) {
    if ('holidays' in entry) {
      calendars.set(id, listedCalendar(id, entry, problems))
      continue
    }
    const members = entry.unionOf.map((member) => [member, file[member]] as const)
    const listed = members.flatMap(([member, found]) =>
      found && 'holidays' in found ? [{ member, found }] : [],
    )
    if (listed.length === members.length) {
      calendars.set(id, unionCalendar(id, entry.name, listed))
    } else {
      problems.push(`calendar ${id}: unionOf names a calendar that is not listed`)
    }
  }
  return calendars
}

function listedCalendar(id: string, entry: ListedCalendar, problems: string[]): HolidayCalendar {
  const { covers } = entry
  const days = daysOf(entry)
  if (covers === undefined && days.length > 0) {
    problems.push(`calendar ${id}: has holidays but does not say which days it covers`)
  }
  if (covers !== undefined && covers.from > covers.to) {
    problems.push(`calendar ${id}: covers ends before it begins`)
  }
  return {
    id,
    name: entry.name,
    covers: covers ? { from: toEpochDay(covers.from), to: toEpochDay(covers.to) } : null,
    holidays: new Map(
      days.map(([day, name]) => [day, { name: `${name} (${entry.name})`, provisional: false }]),
    ),
  }
}

function daysOf({ holidays, corrections = [] }: ListedCalendar): [EpochDay, string][] {
  const listed = Object.entries(holidays).map(([date, name]) => [date, name] as const)
  const corrected = corrections.map(({ date, holiday }) => [date, holiday] as const)
  return [...listed, ...corrected].map(([date, name]) => [toEpochDay(date), name])
}

type UnionMember = { readonly member: string; readonly found: ListedCalendar }

/**
 * The union that AU federal dates follow: "a holiday for the whole of any State" (TAA 1953
 * s 8AAZMB). A holiday tells its places, the same name once: `Labour Day (WA)`.
 */
function unionCalendar(id: string, name: string, members: readonly UnionMember[]): HolidayCalendar {
  const placesByDay = new Map<EpochDay, Map<string, string[]>>()
  for (const { member, found } of members) {
    for (const [day, holiday] of daysOf(found)) {
      const places = placesByDay.get(day) ?? new Map<string, string[]>()
      places.set(holiday, [...(places.get(holiday) ?? []), placeOf(member)])
      placesByDay.set(day, places)
    }
  }
  const holidays = new Map<EpochDay, Holiday>()
  for (const [day, places] of placesByDay) {
    const names = [...places].map(([holiday, where]) => {
      return `${holiday} (${where.length === members.length ? name : where.join(', ')})`
    })
    holidays.set(day, { name: names.join(' / '), provisional: false })
  }
  return { id, name, covers: commonCover(members), holidays }
}

function commonCover(members: readonly UnionMember[]): HolidayCalendar['covers'] {
  const covered = members.flatMap(({ found }) => found.covers ?? [])
  return {
    from: Math.max(...covered.map(({ from }) => toEpochDay(from))),
    to: Math.min(...covered.map(({ to }) => toEpochDay(to))),
  }
}

/** `AU-WA` is WA. */
function placeOf(calendarId: string): string {
  return calendarId.slice(calendarId.indexOf('-') + 1)
}
