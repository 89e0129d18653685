import { applyChanges } from '../../src/rules/tax/apply-changes.ts'
import { dateIdOf, differencesFrom, type Reading } from '../../src/rules/tax/readings.ts'
import type { CountryTaxData, TaxData } from '../../src/rules/tax/tax-data.ts'
import { recordsOf } from '../../src/rules/tax/tax-date-change.ts'
import type { TaxDate } from '../../src/rules/tax/tax-dates.ts'

/** A printed date, held against the computed one. */
export type HeldReading = {
  readonly reading: Reading
  /** In words; empty: it matches. */
  readonly differences: readonly string[]
  /** Why it does not match, from the data; null: it matches, or nobody knows. */
  readonly explanation: string | null
  /** The computed date was moved by a weekend, a holiday or a change. */
  readonly moved: boolean
  /** Printed on a page that the rule was not made from. */
  readonly independent: boolean
}

/**
 * Every reading of a rule against its date. One that was printed before a change was announced is held
 * against the date as it stood until then, all others against the date as it stands.
 */
export function heldReadings(current: CountryTaxData, fromRules: TaxData): HeldReading[] {
  const rules = [...current.rules.values()]
  const datesNow = datesById(current)
  return current.readings.flatMap((reading) => {
    const id = dateIdOf(reading, rules)
    if (id === null) return []
    const { beforeChange } = reading
    const dates =
      beforeChange === undefined
        ? datesNow
        : datesById(countryBefore(current, fromRules, beforeChange))
    // A region has a row of its own only where its date differs from the one for everybody.
    const date = dates.get(id) ?? dates.get(`${reading.ruleId}:${reading.periodEnd}`)
    return [{ ...held(reading, date), independent: isIndependent(reading, current.rules) }]
  })
}

/** The country after the shipped changes that stand above the one of this key. */
function countryBefore(current: CountryTaxData, fromRules: TaxData, key: string): CountryTaxData {
  const { shippedChanges, country } = current
  const earlier = shippedChanges.slice(
    0,
    shippedChanges.findIndex((change) => change.key === key),
  )
  return applyChanges(fromRules, recordsOf(earlier)).countries.get(country.code) ?? current
}

function isIndependent({ ruleId, urls }: Reading, rules: CountryTaxData['rules']): boolean {
  const sources = rules.get(ruleId ?? '')?.sources ?? []
  return !sources.some(({ url }) => urls.includes(url))
}

function held(reading: Reading, date: TaxDate | undefined): Omit<HeldReading, 'independent'> {
  if (date === undefined) {
    return { reading, differences: ['no such date'], explanation: null, moved: false }
  }
  const differences = differencesFrom(date, reading)
  const known = reading.suspect ?? reading.knownLimit ?? null
  return {
    reading,
    differences,
    explanation: differences.length === 0 ? null : known,
    moved: date.dueDate !== date.statutoryDate,
  }
}

function datesById({ datesByYear }: CountryTaxData): ReadonlyMap<string, TaxDate> {
  const byId = new Map<string, TaxDate>()
  for (const dates of datesByYear.values()) {
    for (const { taxDate } of dates) byId.set(taxDate.id, taxDate)
  }
  return byId
}
