import type { CalendarEntry } from './ical-entries.ts'
import type { TaxAction } from './obligation.ts'
import type { Source } from './provenance.ts'
import type { ChangeEffect, TaxDateChange } from './tax-date-change.ts'
import type { TaxDate } from './tax-dates.ts'

const ACTIONS: Record<TaxAction, string> = {
  FILE: 'file',
  PAY: 'pay',
  FILE_AND_PAY: 'file and pay',
}

/** One line: where, which tax, what to do. `AU: GST and BAS, file and pay`. */
export function summaryOf({ kind, withdrawn, taxDate }: CalendarEntry): string {
  const { obligation, region, dueDate, payBy } = taxDate
  const what = `${region ?? obligation.country}: ${obligation.taxType}`
  const told =
    kind === 'PAY'
      ? `${what}, pay by today (due ${dueDate})`
      : `${what}, ${ACTIONS[obligation.action]}${payBy === null ? '' : ` (pay by ${payBy})`}`
  return withdrawn ? `Withdrawn: ${told}` : told
}

/** Everything that the API says of the date, one fact a line. */
export function descriptionOf({ withdrawn, taxDate, changes }: CalendarEntry): string {
  const { obligation, region, payBy, payByReason } = taxDate
  const announced = withdrawn ? changes.toReversed() : taxDate.changes
  const lines = [
    withdrawn ? 'Withdrawn: this date no longer holds.' : null,
    obligation.rule,
    `For: ${obligation.taxpayer}`,
    region === null ? null : `Where: ${region}`,
    `Period: ${taxDate.periodStart} to ${taxDate.periodEnd}`,
    dueInWords(taxDate),
    payBy === null ? null : `Pay by: ${payBy}, because of ${payByReason}`,
    taxDate.provisional
      ? 'Provisional: it leans on a holiday that is expected and not proclaimed yet.'
      : null,
    obligation.evidence === 'OFFICIAL'
      ? 'Evidence: read with the authority itself'
      : 'Evidence: read with a secondary source',
    ...announced.map(changeInWords),
    ...obligation.sources.map((source) => `Source: ${sourceInWords(source)}`),
  ]
  return lines.filter((line) => line !== null).join('\n')
}

function dueInWords({ dueDate, statutoryDate, shiftedBy, movedBy }: TaxDate): string {
  if (shiftedBy === null) return `Due: ${dueDate}`
  const calendars = new Set(movedBy.flatMap(({ calendar }) => calendar?.name ?? []))
  const by = calendars.size === 0 ? '' : `; calendar: ${[...calendars].join(', ')}`
  return `Due: ${dueDate}; by statute ${statutoryDate}, moved by ${shiftedBy}${by}`
}

const EFFECTS: Record<ChangeEffect, (change: TaxDateChange) => string> = {
  MOVED: ({ dueDate }) => `due ${dueDate}`,
  WITHDRAWN: () => 'not due for this period',
  RESTORED: () => "the rule's own date holds again",
}

function changeInWords(change: TaxDateChange): string {
  const { enteredAt, region, appliesTo, effect, reason, source } = change
  const scope = [region, appliesTo].filter((part) => part !== null).join('; ')
  const day = new Date(enteredAt).toISOString().slice(0, 10)
  const what = `${EFFECTS[effect](change)}${scope === '' ? '' : ` (${scope})`}`
  return `Announced, on record since ${day}: ${what}. ${reason}. ${sourceInWords(source)}`
}

function sourceInWords({ name, url, read }: Source): string {
  return `${name}, ${url} (read ${read})`
}
