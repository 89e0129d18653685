import { yearOf } from '../../src/rules/tax/calendar-date.ts'
import { type AccuracyReport, type CountryAccuracy, faultsOf, matches } from './accuracy.ts'
import type { HeldReading } from './held-readings.ts'
import type { ShortcutResult } from './shortcuts.ts'
import { plainTable } from './text.ts'

/** Everything the report knows, for a person to read. */
export function fullText(report: AccuracyReport): string {
  const faults = faultsOf(report)
  return [
    title('Rules and readings'),
    rulesTable(report),
    title('Dates by year of the due date, as a plain query lists them'),
    yearsTable(report, ({ dates }) => dates),
    title('Of these provisional: they lean on a holiday that is not proclaimed yet'),
    yearsTable(report, ({ provisional }) => provisional),
    ...report.countries.flatMap((country) => ofCountry(country)),
    title('Verdict'),
    faults.length === 0 ? 'Nothing is left unexplained.' : faults.join('\n'),
  ].join('\n')
}

function title(text: string): string {
  return `\n${text}\n${'-'.repeat(text.length)}`
}

function rulesTable({ countries }: AccuracyReport): string {
  const head = ['country', 'rules', 'official', 'secondary', 'with readings']
  head.push('readings', 'match', 'of them moved', 'independent', 'suspect', 'one-offs')
  const rows = countries.map(({ code, rules, sound, suspect, oneOffs }) => [
    code,
    ...[rules.all, rules.official, rules.all - rules.official, rules.withReading].map(String),
    ...[sound.length, sound.filter(matches).length].map(String),
    String(sound.filter((one) => matches(one) && one.moved).length),
    String(sound.filter((one) => matches(one) && one.independent).length),
    ...[suspect.length, oneOffs.length].map(String),
  ])
  return plainTable(head, rows)
}

function yearsTable(
  { countries }: AccuracyReport,
  figureOf: (year: CountryAccuracy['years'][number]) => number,
): string {
  const head = ['', ...(countries[0]?.years ?? []).map(({ year }) => String(year))]
  return plainTable(
    head,
    countries.map(({ code, years }) => [code, ...years.map((year) => String(figureOf(year)))]),
  )
}

function ofCountry(country: CountryAccuracy): string[] {
  const { code, name, years, sound, suspect, oneOffs, shortcuts } = country
  const lines = [title(`${code}, ${name}`)]
  if (sound.length === 0) lines.push('No printed dates were read: nothing is measured here.')
  for (const one of sound.filter((held) => !matches(held)))
    lines.push(`does not match: ${told(one)}`)
  for (const one of sound.filter(({ reading }) => reading.beforeChange !== undefined)) {
    const { ruleId, periodEnd, printed, beforeChange } = one.reading
    lines.push(`printed before ${beforeChange}: ${ruleId} ${periodEnd}, ${printed}`)
  }
  for (const one of suspect) lines.push(`suspect: ${told(one)}`)
  for (const { obligation, region, place, printed, carriedBy } of oneOffs) {
    const where = [region, place].filter((part) => part !== undefined).join(', ')
    lines.push(
      `one-off: ${[where, obligation, printed].filter(Boolean).join(' | ')}: ` +
        (carriedBy === undefined ? 'in no change' : `change ${carriedBy}`),
    )
  }
  return [...lines, '', shortcutsTable(shortcuts, years), ...shortcuts.flatMap(ofShortcut)]
}

function told({ reading, differences, explanation }: HeldReading): string {
  const what = differences.length === 0 ? 'matches all the same' : differences.join('; ')
  const why = explanation === null ? '' : `\n    ${explanation}`
  return `${reading.ruleId} ${reading.periodEnd}: ${what} (${reading.source.name})${why}`
}

function shortcutsTable(
  shortcuts: readonly ShortcutResult[],
  years: CountryAccuracy['years'],
): string {
  const head = ['dates that are wrong by', ...years.map(({ year }) => String(year)), 'all']
  const rows = shortcuts.map(({ name, wrong }) => [
    name,
    ...years.map(({ year }) => {
      return String(wrong.filter(({ dueDate }) => yearOf(dueDate) === year).length)
    }),
    String(wrong.length),
  ])
  return plainTable(head, rows)
}

/** Dates of one cause told once, with the obligations that share them. */
function ofShortcut({ name, told: isTold, wrong }: ShortcutResult): string[] {
  if (!isTold || wrong.length === 0) return []
  const byCause = Map.groupBy(wrong, ({ dueDate, shortcutDate, because }) => {
    return `${dueDate}, not ${shortcutDate}: ${because}`
  })
  const lines = [...byCause].map(([cause, dates]) => {
    return `    ${cause}\n      ${dates.map(({ id }) => id).join(' ')}`
  })
  return [`wrong by ${name}:`, ...lines]
}
