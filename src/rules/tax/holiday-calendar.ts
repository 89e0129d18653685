import { z } from 'zod'
import { type EpochDay, isCalendarDate } from './calendar-date.ts'

/** A holiday calendar that rules name: which days are holidays, and from when to when it knows them. */
export type HolidayCalendar = {
  readonly id: string
  /** In words: `England and Wales`. */
  readonly name: string
  /** First and last day whose holidays are all known; null: nothing to know (the calendar NONE). */
  readonly covers: { readonly from: EpochDay; readonly to: EpochDay } | null
  readonly holidays: ReadonlyMap<EpochDay, Holiday>
}

/** What makes a day one on which nobody works. */
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

const coversSchema = z.strictObject({
  from: calendarDateSchema.describe('First day.'),
  to: calendarDateSchema.describe('Last day.'),
})

const listedCalendarSchema = z.strictObject({
  name: z.string().min(1).describe('The place in words: England and Wales.'),
  covers: coversSchema
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
  expected: z
    .array(calendarDateSchema.describe('A day of `holidays`.'))
    .min(1)
    .optional()
    .describe('Listed days that nobody has proclaimed yet: dates that they move are provisional.'),
  holidays: holidaysSchema,
})

/** A day is a holiday here when it is one in any of the named calendars. */
const unionCalendarSchema = z.strictObject({
  name: z.string().min(1).describe('The places, in words: Australia, any State or Territory.'),
  inAll: z
    .string()
    .min(1)
    .describe('Where a holiday is one that all of them have: every State and Territory.'),
  unionOf: z
    .array(z.string().describe('Id of a listed calendar.'))
    .min(2)
    .describe('A day is a holiday here when it is one in any of these calendars.'),
})

/** A file that lists things by id alone. Editors find its schema by one field more, which is no id. */
export const fileById = <Entry extends z.ZodType>(entry: Entry) =>
  z.preprocess(withoutSchemaReference, z.record(z.string().min(1), entry))

export const calendarsFileSchema = fileById(
  z.union([listedCalendarSchema, unionCalendarSchema]),
).describe('The holiday calendars that rules name, by the id that rules use: AU-NSW.')
export type CalendarsFile = z.infer<typeof calendarsFileSchema>
export type ListedCalendar = z.infer<typeof listedCalendarSchema>

/** What `npm run tax:calendars` writes: holidays for the days that calendars.json does not cover. */
export const generatedCalendarsSchema = z
  .strictObject({
    $schema: z.string().min(1).optional().describe('Where editors find the schema of this file.'),
    generatedFrom: z.string().min(1).describe('The package and its version.'),
    covers: coversSchema.describe('The days for which holidays were generated.'),
    calendars: z
      .record(z.string().min(1), z.strictObject({ holidays: holidaysSchema }))
      .describe('The holidays by the id of their calendar.'),
  })
  .describe('Holidays by calendar, generated; calendars.json stands above them.')
export type GeneratedCalendars = z.infer<typeof generatedCalendarsSchema>

function withoutSchemaReference(file: unknown): unknown {
  if (typeof file !== 'object' || file === null || !('$schema' in file)) return file
  const { $schema: _named, ...calendars } = file
  return calendars
}
