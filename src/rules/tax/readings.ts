import { z } from 'zod'
import type { CalendarDate } from './calendar-date.ts'
import { COUNTRY_CODES } from './country-code.ts'
import { calendarDateSchema, sourceSchema } from './holiday-calendar.ts'
import { periodsEndingIn } from './period.ts'
import type { Disagreement, Source } from './provenance.ts'
import type { ShippedChange } from './tax-date-change.ts'
import type { TaxDate } from './tax-dates.ts'
import type { TaxRule } from './tax-rule.ts'

/**
 * Dates that authorities and firms printed. No rule is made from them: they are what the computed dates
 * are held against. A publication stands once with all that was read in it, so that whoever reviews it
 * opens the page and goes down the list.
 */

const text = z.string().min(1)

const readingSchema = z.strictObject({
  /** Null: a one-off that no rule gives; what was announced stands in the country's changes. */
  ruleId: text.nullable(),
  /** As the publication calls it. */
  obligation: text,
  taxpayer: text,
  region: text.optional(),
  /** Only there, where it is less than a region. */
  place: text.optional(),
  periodStart: calendarDateSchema.optional(),
  periodEnd: calendarDateSchema,
  printed: calendarDateSchema,
  /** Before weekends and holidays, or after them. */
  printedAs: z.enum(['STATUTORY', 'DUE']),
  /** The other one of the two dates, where the publication leaves no doubt about it. */
  statutoryDate: calendarDateSchema.optional(),
  dueDate: calendarDateSchema.optional(),
  note: text.optional(),
  /** Why the print is probably wrong. */
  suspect: text.optional(),
  /** The print is right and our date is not: what the rule cannot say. */
  knownLimit: text.optional(),
  /** Key of an announced change that came after the print: it is held against the date before it. */
  beforeChange: text.optional(),
  /** Key of the announced change that carries a one-off. */
  carriedBy: text.optional(),
})

const publicationSchema = z.strictObject({
  name: text,
  /** All pages that were read; the first one stands for them. */
  urls: z.array(sourceSchema.shape.url).min(1),
  read: calendarDateSchema,
  evidence: z.enum(['official-table', 'secondary']),
  readings: z.array(readingSchema).min(1),
})

export const readingsFileSchema = z.strictObject({
  $schema: text.optional(),
  country: z.enum(COUNTRY_CODES),
  publications: z.array(publicationSchema).min(1),
})
export type ReadingsFile = z.infer<typeof readingsFileSchema>

/** One printed date, with the publication that printed it. */
export type Reading = z.infer<typeof readingSchema> & {
  readonly source: Source
  readonly evidence: 'official-table' | 'secondary'
}

export function readingsOf({ publications }: ReadingsFile): Reading[] {
  return publications.flatMap(({ name, urls, read, evidence, readings }) =>
    readings.map((reading) => ({
      ...reading,
      source: { name, url: urls[0] ?? '', read },
      evidence,
    })),
  )
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
  const freeYearEnd = rule.periodNote !== undefined
  const periods = periodsEndingIn(Number(periodEnd.slice(0, 4)), rule.period, freeYearEnd)
  const period = periods.find(({ end }) => end === periodEnd)
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
  return `${rule.id}:${periodEnd}${own ? '' : `:${region}`}`
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
