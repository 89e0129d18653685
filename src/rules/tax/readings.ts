import { z } from 'zod'
import type { CalendarDate } from './calendar-date.ts'
import { COUNTRY_CODES } from './country-code.ts'
import { calendarDateSchema, sourceSchema } from './holiday-calendar.ts'
import { periodEnding } from './period.ts'
import type { Disagreement, Source } from './provenance.ts'
import type { ShippedChange } from './tax-date-change.ts'
import { type TaxDate, taxDateId } from './tax-dates.ts'
import type { TaxRule } from './tax-rule.ts'

/**
 * Dates that authorities and firms printed. No rule is made from them: they are what the computed dates
 * are held against. A publication stands once with all that was read in it, so that whoever reviews it
 * opens the page and goes down the list.
 */

const text = z.string().min(1)

const readingSchema = z.strictObject({
  ruleId: text
    .nullable()
    .describe('Null: a one-off that no rule gives; carriedBy then names the change that says so.'),
  obligation: text.describe('As the publication calls it.'),
  taxpayer: text.describe('Whom the publication means.'),
  region: text.optional().describe('ISO 3166-2. Left out: everywhere.'),
  place: text.optional().describe('Only there, where it is not a whole region.'),
  periodStart: calendarDateSchema.optional(),
  periodEnd: calendarDateSchema,
  printed: calendarDateSchema.describe('The date as it stands there.'),
  printedAs: z.enum(['STATUTORY', 'DUE']).describe('Before weekends and holidays, or after them.'),
  statutoryDate: calendarDateSchema
    .optional()
    .describe('Of a date printed as DUE, where the publication tells both.'),
  dueDate: calendarDateSchema
    .optional()
    .describe('Of a date printed as STATUTORY, where nothing moves it.'),
  note: text.optional().describe('What else a reader must know.'),
  suspect: text.optional().describe('Why the print is probably wrong.'),
  knownLimit: text
    .optional()
    .describe('The print is right and the computed date is not: what the rule cannot say.'),
  beforeChange: text
    .optional()
    .describe(
      'Key of a change announced after the print, which is held against the date before it.',
    ),
  carriedBy: text.optional().describe('Key of the announced change that carries a one-off.'),
})

const publicationSchema = z.strictObject({
  name: text.describe('Who printed it, and in what.'),
  urls: z
    .array(sourceSchema.shape.url)
    .min(1)
    .describe('All pages that were read; the first one stands for them.'),
  read: calendarDateSchema.describe('The day somebody read it.'),
  evidence: z
    .enum(['official-table', 'secondary'])
    .describe("A table of the authority's own, or anybody else's."),
  readings: z.array(readingSchema).min(1).describe('All dates that were read there.'),
})

export const readingsFileSchema = z.strictObject({
  $schema: text.optional().describe('Where editors find the schema of this file.'),
  country: z.enum(COUNTRY_CODES).describe('ISO 3166-1; also the name of the file.'),
  publications: z.array(publicationSchema).min(1).describe('What was read, by where it stood.'),
})
export type ReadingsFile = z.infer<typeof readingsFileSchema>

/** One printed date, with the publication that printed it. */
export type Reading = z.infer<typeof readingSchema> & {
  readonly source: Source
  /** All pages of the publication. */
  readonly urls: readonly string[]
  readonly evidence: 'official-table' | 'secondary'
}

/** Every reading of a file by itself, with its publication. */
export function readingsOf({ publications }: ReadingsFile): Reading[] {
  return publications.flatMap(({ name, urls, read, evidence, readings }) => {
    const source = { name, url: urls[0] ?? '', read }
    return readings.map((reading) => ({ ...reading, source, urls, evidence }))
  })
}

/** What a reading needs of its country's file. */
export type ReadingSurroundings = {
  readonly rules: readonly TaxRule[]
  readonly regions: Readonly<Record<string, string>>
  readonly changes: readonly ShippedChange[]
}

/** What does not fit: a misspelt id or period would otherwise be a reading that nothing is held against. */
export function* problemsOfReading(
  reading: Reading,
  { rules, regions, changes }: ReadingSurroundings,
): Generator<string> {
  const { ruleId, region, periodStart, periodEnd, printedAs } = reading
  if (region !== undefined && !Object.hasOwn(regions, region)) {
    yield `region ${region} is not listed for the country`
  }
  for (const named of [reading.beforeChange, reading.carriedBy]) {
    if (named !== undefined && !changes.some(({ key }) => key === named)) {
      yield `no change has the key ${named}`
    }
  }
  if (reading[printedAs === 'DUE' ? 'dueDate' : 'statutoryDate'] !== undefined) {
    yield `printed is the ${printedAs} date already`
  }
  if (ruleId === null) return
  const rule = rules.find(({ id }) => id === ruleId)
  if (rule === undefined) {
    yield `${ruleId} is not a rule of the country`
    return
  }
  const period = periodEnding(rule, periodEnd)
  if (period === undefined) yield `no period of ${ruleId} ends on ${periodEnd}`
  else if (periodStart !== undefined && period.start !== periodStart) {
    yield `the period of ${ruleId} to ${periodEnd} begins on ${period.start}, not ${periodStart}`
  }
}

/** The printed dates that are probably wrong, by the id of the computed date that they contradict. */
export function disagreementsById(
  readings: readonly Reading[],
  rules: readonly TaxRule[],
): ReadonlyMap<string, readonly Disagreement[]> {
  const byId = new Map<string, Disagreement[]>()
  for (const reading of readings) {
    const { suspect, printed, printedAs, source } = reading
    const id = dateIdOf(reading, rules)
    if (id === null || suspect === undefined) continue
    const disagreement = { printedDate: printed, printedAs, why: suspect, source }
    byId.set(id, [...(byId.get(id) ?? []), disagreement])
  }
  return byId
}

/** The id of the date that a reading speaks of; null for a one-off. */
export function dateIdOf(
  { ruleId, region, periodEnd }: Reading,
  rules: readonly TaxRule[],
): string | null {
  const rule = rules.find(({ id }) => id === ruleId)
  if (rule === undefined) return null
  const own = region === undefined || region === rule.region
  return taxDateId(rule.id, periodEnd, own ? null : region)
}

/** What the print says otherwise, `dueDate 2026-03-03, printed 2026-03-02`; empty: it matches. */
export function differencesFrom(date: TaxDate, reading: Reading): string[] {
  const { printed, printedAs } = reading
  const expected: [string, CalendarDate, CalendarDate | undefined][] = [
    ['statutoryDate', date.statutoryDate, printedAs === 'DUE' ? reading.statutoryDate : printed],
    ['dueDate', date.dueDate, printedAs === 'DUE' ? printed : reading.dueDate],
  ]
  return expected.flatMap(([field, computed, read]) =>
    read === undefined || read === computed ? [] : [`${field} ${computed}, printed ${read}`],
  )
}
