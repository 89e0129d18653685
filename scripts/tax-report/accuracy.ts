import type { CountryCode } from '../../src/rules/tax/country-code.ts'
import type { Reading } from '../../src/rules/tax/readings.ts'
import type { CountryTaxData, TaxData, YearRange } from '../../src/rules/tax/tax-data.ts'
import { type HeldReading, heldReadings } from './held-readings.ts'
import { type ShortcutResult, shortcutsOf, wrongBy } from './shortcuts.ts'

/** At least this share of the readings that nobody suspects must match, in every country. */
const DEMANDED_PERCENT = 99

export type AccuracyReport = {
  readonly years: YearRange
  readonly countries: readonly CountryAccuracy[]
}

export type CountryAccuracy = {
  readonly code: CountryCode
  readonly name: string
  readonly rules: {
    readonly all: number
    /** Read on the authority's own page; the others in secondary sources. */
    readonly official: number
    /** At least one printed date was held against it. */
    readonly withReading: number
  }
  /** As a plain query lists them, with the changes that ship. */
  readonly years: readonly {
    readonly year: number
    readonly dates: number
    readonly provisional: number
  }[]
  /** Readings of rules that nobody suspects. */
  readonly sound: readonly HeldReading[]
  readonly suspect: readonly HeldReading[]
  readonly oneOffs: readonly Reading[]
  readonly shortcuts: readonly ShortcutResult[]
}

/** `current`: the same data as `fromRules` after the changes that ship. */
export function accuracyOf(current: TaxData, fromRules: TaxData): AccuracyReport {
  const countries = [...current.countries.values()].flatMap((country) => {
    const before = fromRules.countries.get(country.country.code)
    return before ? [accuracyOfCountry(country, before, fromRules)] : []
  })
  return { years: current.years, countries }
}

function accuracyOfCountry(
  current: CountryTaxData,
  fromRules: CountryTaxData,
  data: TaxData,
): CountryAccuracy {
  const held = heldReadings(current, data)
  const rules = [...current.rules.values()]
  return {
    code: current.country.code,
    name: current.country.name,
    rules: {
      all: rules.length,
      official: rules.filter(({ evidence }) => evidence === 'official-rule').length,
      withReading: new Set(held.map(({ reading }) => reading.ruleId)).size,
    },
    years: yearsOf(current, data.years),
    sound: held.filter(({ reading }) => reading.suspect === undefined),
    suspect: held.filter(({ reading }) => reading.suspect !== undefined),
    oneOffs: current.readings.filter(({ ruleId }) => ruleId === null),
    // Held against what the law says: an announced day is no fault of a calendar.
    shortcuts: shortcutsOf(fromRules, data.calendars).map((one) => wrongBy(one, fromRules)),
  }
}

function yearsOf({ datesByYear }: CountryTaxData, { first, last }: YearRange) {
  const years = []
  for (let year = first; year <= last; year++) {
    const listed = (datesByYear.get(year) ?? []).filter((date) => date.listedByDefault)
    const provisional = listed.filter(({ taxDate }) => taxDate.provisional)
    years.push({ year, dates: listed.length, provisional: provisional.length })
  }
  return years
}

export function matches({ differences }: HeldReading): boolean {
  return differences.length === 0
}

/** What the report must not contain; empty: the data may be relied on as far as the readings reach. */
export function faultsOf({ countries }: AccuracyReport): string[] {
  return countries.flatMap(({ code, sound, suspect, oneOffs }) => {
    const faults: string[] = []
    const matched = sound.filter(matches).length
    if (100 * matched < DEMANDED_PERCENT * sound.length) {
      faults.push(`${code}: ${matched} of ${sound.length} match, fewer than ${DEMANDED_PERCENT} %`)
    }
    for (const one of [...sound, ...suspect]) {
      if (matches(one) || one.explanation !== null) continue
      const { ruleId, periodEnd } = one.reading
      faults.push(`${code}: ${ruleId} ${periodEnd}: ${one.differences.join('; ')}: not explained`)
    }
    for (const { obligation, printed, carriedBy } of oneOffs) {
      if (carriedBy === undefined) faults.push(`${code}: ${obligation} ${printed}: in no change`)
    }
    return faults
  })
}
