import { type AccuracyReport, type CountryAccuracy, matches } from './accuracy.ts'
import type { HeldReading } from './held-readings.ts'
import { type ShortcutResult, WEEKENDS_ONLY } from './shortcuts.ts'
import { markdownTable } from './text.ts'

/** The years of which the readings tell; official holiday lists are carried for all of them. */
const TOLD_FROM = '2024'
const TOLD_TO = '2027'

/** What the README shows, as Markdown. */
export function summary(report: AccuracyReport): string {
  return [
    markdownTable(HEAD, [...report.countries.map(rowOf), totalsOf(report)]),
    inWords(report),
    markdownTable(
      ['simpler calendar', `wrong ${TOLD_FROM}–${TOLD_TO}`, `wrong ${spanOf(report)}`],
      report.countries.flatMap(({ code, shortcuts }) =>
        shortcuts
          .filter(({ name }) => name !== WEEKENDS_ONLY)
          .map((one) => [`${code}: ${one.name}`, wrongWhileTold(one), count(one.wrong)]),
      ),
    ),
  ].join('\n\n')
}

const HEAD = ['country', 'rules', 'read at the authority', 'with readings', 'dates', 'provisional']
HEAD.push('readings', 'match', 'suspect prints')

function rowOf(country: CountryAccuracy): string[] {
  return [country.name, ...figuresOf([country]).map(String)]
}

function totalsOf({ countries }: AccuracyReport): string[] {
  return ['all', ...figuresOf(countries).map(String)]
}

/** In the order of the columns. */
function figuresOf(countries: readonly CountryAccuracy[]): number[] {
  const sum = (figure: (country: CountryAccuracy) => number) =>
    countries.reduce((total, country) => total + figure(country), 0)
  const overYears = (figure: (year: CountryAccuracy['years'][number]) => number) =>
    sum(({ years }) => years.reduce((total, year) => total + figure(year), 0))
  return [
    sum(({ rules }) => rules.all),
    sum(({ rules }) => rules.official),
    sum(({ rules }) => rules.withReading),
    overYears(({ dates }) => dates),
    overYears(({ provisional }) => provisional),
    sum(({ sound }) => sound.length),
    sum(({ sound }) => sound.filter(matches).length),
    sum(({ suspect }) => suspect.length),
  ]
}

function inWords(report: AccuracyReport): string {
  const { countries } = report
  const all = countries.flatMap(({ sound }) => sound)
  const matched = all.filter(matches)
  const moved = matched.filter((held) => held.moved)
  const official = matched.filter(isOfficial)
  const independent = matched.filter((held) => held.independent)
  const suspect = countries.flatMap((country) => country.suspect)
  const oneOffs = countries.flatMap((country) => country.oneOffs)
  const unread = countries.filter(({ sound }) => sound.length === 0).map(({ name }) => name)
  const told = [
    `Dates are those due in ${spanOf(report)}. Of ${count(all)} printed dates that nobody suspects`,
    `${count(matched)} match (${percent(matched, all)} %): ${count(moved)} where a weekend, a holiday or an announcement had`,
    `moved the day; ${count(official)} from an authority's own table, the others from firms; ${count(independent)}`,
    `on pages that the rule was not made from. ${count(suspect)} more prints are probably wrong,`,
    `${count(suspect.filter(isOfficial))} of them in an authority's own table: each stands with its date as a`,
    'disagreement, with the reason. Counted as misses, they would leave',
    `${percent(matched, [...all, ...suspect])} %. ${count(oneOffs)} announced one-offs stand among the changes.`,
  ]
  if (unread.length > 0) told.push(`No printed dates were read for ${unread.join(', ')}.`)
  return told.join(' ')
}

function isOfficial({ reading }: HeldReading): boolean {
  return reading.evidence === 'official-table'
}

function wrongWhileTold({ wrong }: ShortcutResult): string {
  const within = ({ dueDate }: { dueDate: string }) => {
    const year = dueDate.slice(0, 4)
    return year >= TOLD_FROM && year <= TOLD_TO
  }
  return count(wrong.filter(within))
}

function spanOf({ years }: AccuracyReport): string {
  return `${years.first}–${years.last}`
}

function percent(part: readonly unknown[], whole: readonly unknown[]): string {
  return ((100 * part.length) / whole.length).toFixed(1)
}

function count(things: readonly unknown[]): string {
  return String(things.length)
}
