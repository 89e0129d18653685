import { readFileSync } from 'node:fs'
import Holidays, { type HolidaysTypes } from 'date-holidays'
import { z } from 'zod'
import { calendarDateSchema, fileById } from '../src/rules/tax/holiday-calendar.ts'

/**
 * Holidays for the years that no official list covers: what the package `date-holidays` reckons, put
 * right by data/tax/calendars/corrections.json. Only `npm run tax:calendars` and its test come here;
 * the start reads the file that was generated.
 */

/** All days on which a due date of 2019–2035 may lean: shifts reach a month back and forth. */
const FIRST_YEAR = 2018
const LAST_YEAR = 2036
const COVERS = { from: '2018-12-01', to: '2036-01-31' }

const change = {
  holiday: z.string().min(1).describe('The name that the library gives, or that is to be given.'),
  dates: z.array(calendarDateSchema).min(1).optional().describe('Only on these days.'),
  from: calendarDateSchema.optional().describe('Only from this day on.'),
  reason: z.string().min(1).describe('Why the library is wrong.'),
  basis: z.string().min(1).describe('The law or page that says so, or `general knowledge`.'),
}

const librarySchema = z.strictObject({
  country: z.string().length(2).describe('ISO 3166-1.'),
  state: z.string().min(1).optional().describe('Its name for the state.'),
  types: z
    .array(z.enum(['public', 'bank']))
    .min(1)
    .describe('Which of its days are holidays.'),
  language: z.string().length(2).optional().describe('In which language it names them.'),
})

const correctedSchema = z.strictObject({
  library: librarySchema.optional().describe('What to ask date-holidays for.'),
  sameAs: z
    .string()
    .min(1)
    .optional()
    .describe('Begins with the holidays of another calendar instead of the library’s.'),
  remove: z.array(z.strictObject(change)).optional().describe('Days that are no holidays.'),
  add: z
    .array(
      z.strictObject({
        ...change,
        rule: z
          .string()
          .min(1)
          .optional()
          .describe('In the library’s grammar: 1st monday in August.'),
      }),
    )
    .optional()
    .describe('Holidays that the library lacks.'),
  differs: z
    .array(
      z.strictObject({
        dates: z.array(calendarDateSchema).min(1).describe('The days.'),
        why: z.string().min(1).describe('Why it may stay.'),
      }),
    )
    .optional()
    .describe('Days on which the generated calendar and calendars.json differ.'),
  notes: z.string().min(1).optional().describe('What else a reader must know.'),
})
type Corrected = z.infer<typeof correctedSchema>
type Change = NonNullable<Corrected['remove']>[number]

export const correctionsSchema = fileById(correctedSchema).describe(
  'What is put right in the holidays of date-holidays, by the id of the calendar.',
)
export type CalendarCorrections = z.infer<typeof correctionsSchema>

/** The holidays of one calendar: date to its names, in the order in which they were found. */
type Days = Map<string, string[]>

/** @throws Error or ZodError for a file that is not what the schema says */
export function readCorrections(path: string): CalendarCorrections {
  return correctionsSchema.parse(JSON.parse(readFileSync(path, 'utf8')))
}

/**
 * The text of data/tax/calendars/generated.json. It depends on the corrections and on the version of
 * the library alone, so that the same two give the same bytes.
 * @throws Error for a correction that corrects nothing
 */
export function generateCalendars(corrections: CalendarCorrections): string {
  const generated = new Map<string, Days>()
  for (const [id, corrected] of Object.entries(corrections)) {
    generated.set(id, daysOf(id, corrected, generated))
  }
  const calendars = [...generated].map(([id, days]) => [id, { holidays: sorted(days) }])
  const file = {
    $schema: '../generated-calendars.schema.json',
    generatedFrom: `date-holidays ${libraryVersion()} (holiday data CC BY-SA 3.0), put right by corrections.json`,
    covers: COVERS,
    calendars: Object.fromEntries(calendars),
  }
  return `${JSON.stringify(file, null, 2)}\n`
}

function libraryVersion(): string {
  const path = new URL('../node_modules/date-holidays/package.json', import.meta.url)
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(path, 'utf8'))).version
}

function daysOf(id: string, corrected: Corrected, generated: ReadonlyMap<string, Days>): Days {
  const days = baseOf(id, corrected, generated)
  for (const removal of corrected.remove ?? []) remove(id, days, removal)
  for (const { rule, ...addition } of corrected.add ?? []) {
    const dates = rule === undefined ? (addition.dates ?? []) : datesByRule(rule)
    const added = dates.filter(
      (date) => applies(addition, date) && put(days, date, addition.holiday),
    )
    if (added.length === 0) throw new Error(`${id}: adding ${addition.holiday} adds nothing`)
  }
  return days
}

function baseOf(id: string, corrected: Corrected, generated: ReadonlyMap<string, Days>): Days {
  const { library, sameAs } = corrected
  if (library !== undefined) return libraryDays(library)
  const base = sameAs === undefined ? undefined : generated.get(sameAs)
  if (base === undefined)
    throw new Error(`${id}: names neither a library calendar nor one before it`)
  return new Map([...base].map(([date, names]) => [date, [...names]]))
}

function libraryDays(library: NonNullable<Corrected['library']>): Days {
  const { country, state, types, language } = library
  const options: HolidaysTypes.Options = { types, ...(language && { languages: language }) }
  const reckoned = state ? new Holidays(country, state, options) : new Holidays(country, options)
  const days: Days = new Map()
  for (const { date, name } of holidaysOf(reckoned)) put(days, date, name)
  return days
}

function datesByRule(rule: string): string[] {
  const reckoned = new Holidays()
  if (!reckoned.setHoliday(rule, { name: { en: rule }, type: 'public' })) {
    throw new Error(`${rule}: is no rule`)
  }
  return holidaysOf(reckoned).map(({ date }) => date)
}

function holidaysOf(reckoned: Holidays): { date: string; name: string }[] {
  const found: { date: string; name: string }[] = []
  for (let year = FIRST_YEAR; year <= LAST_YEAR; year++) {
    for (const { date, name } of reckoned.getHolidays(year)) {
      found.push({ date: date.slice(0, 10), name: name.replaceAll('’', "'") })
    }
  }
  return found
}

/** False for a day outside the years that are generated, or that has this holiday already. */
function put(days: Days, date: string, name: string): boolean {
  if (date < COVERS.from || date > COVERS.to) return false
  const names = days.get(date) ?? []
  if (names.includes(name)) return false
  days.set(date, [...names, name])
  return true
}

function remove(id: string, days: Days, removal: Change): void {
  let removed = false
  for (const [date, names] of days) {
    if (!names.includes(removal.holiday) || !applies(removal, date)) continue
    removed = true
    const left = names.filter((name) => name !== removal.holiday)
    if (left.length === 0) days.delete(date)
    else days.set(date, left)
  }
  if (!removed) throw new Error(`${id}: removing ${removal.holiday} removes nothing`)
}

function applies({ dates, from }: Pick<Change, 'dates' | 'from'>, date: string): boolean {
  return (dates === undefined || dates.includes(date)) && (from === undefined || date >= from)
}

function sorted(days: Days): Record<string, string> {
  const byDate = [...days].sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(byDate.map(([date, names]) => [date, names.join(' / ')]))
}
