import { BadInput } from '../bad-input.ts'
import { unprintable } from '../unprintable.ts'
import { changedDatesOf } from './apply-changes.ts'
import { demandCoveredDate, demandDate, type Optional } from './argument-checks.ts'
import type { CalendarDate } from './calendar-date.ts'
import { problemsOfChange } from './change-problems.ts'
import { countryDataOf, knownRegion } from './list-obligations.ts'
import type { Source } from './provenance.ts'
import type { CountryTaxData, TaxData } from './tax-data.ts'
import {
  type AnnouncedChange,
  type ChangeEffect,
  hasSameScope,
  isSameAnnouncement,
  movesDates,
  type TaxDateChange,
} from './tax-date-change.ts'
import { isOwnDate, paymentDate } from './tax-dates.ts'

/** What somebody wants to announce; null is the same as left out. */
export type Announcement = {
  /** Follows from the obligation; needed for a notice about none. */
  readonly country?: Optional<string>
  readonly obligationId?: Optional<string>
  readonly periodEnd?: Optional<CalendarDate>
  /** ISO 3166-2; null: everywhere. */
  readonly region?: Optional<string>
  /** MOVED where left out. */
  readonly effect?: Optional<ChangeEffect>
  readonly dueDate?: Optional<CalendarDate>
  readonly appliesTo?: Optional<string>
  readonly reason: string
  readonly source: Source
}

const LONGEST_TEXT = 500

/**
 * What is announced, after everything in it was held against the data.
 * @param data from rules alone: a date that was withdrawn can be announced again
 * @throws BadInput naming the field
 */
export function checkAnnouncement(
  data: TaxData,
  announcement: Announcement,
  today: CalendarDate,
): AnnouncedChange {
  const found = countryOf(data, announcement)
  const subject = subjectOf(data, found, announcement)
  const effect = announcement.effect ?? 'MOVED'
  const appliesTo = announcement.appliesTo ?? null
  const change: AnnouncedChange = {
    country: found.country.code,
    ...subject,
    region: regionOf(found, subject.obligationId, announcement.region),
    effect,
    dueDate: dueDateOf(data, found, subject.obligationId, effect, announcement.dueDate ?? null),
    appliesTo: appliesTo === null ? null : checkedText('appliesTo', appliesTo),
    reason: checkedText('reason', announcement.reason),
    source: checkedSource(announcement.source, today),
  }
  // What a change of the data files must fulfil too.
  for (const problem of problemsOfChange(change, found)) throw new BadInput(problem)
  return change
}

/**
 * Refuses what would notify everybody of nothing: the very same announcement as the one in force, as a
 * client sends it that did not hear our answer, and taking back what nobody announced.
 * @param earlier all changes on record, in the order of entry
 * @throws BadInput
 */
export function demandNews(announced: AnnouncedChange, earlier: readonly TaxDateChange[]): void {
  const { effect } = announced
  for (const change of earlier.toReversed()) {
    if (!hasSameScope(change, announced)) continue
    if (isSameAnnouncement(change, announced)) {
      throw new BadInput(`this is announced already: change ${change.id} says the same and holds`)
    }
    if (change.effect === 'RESTORED') break
    if (effect === 'RESTORED') return
    // Only the last of those that move a date holds; of those that tell something all do.
    if (movesDates(announced)) return
  }
  if (effect === 'RESTORED') {
    throw new BadInput('effect: nothing is announced there that RESTORED could take back')
  }
}

function countryOf(data: TaxData, { country, obligationId }: Announcement): CountryTaxData {
  if (country != null) return countryDataOf(data, country)
  if (obligationId == null) throw new BadInput('country: is needed where no obligationId is given')
  for (const found of data.countries.values()) if (found.rules.has(obligationId)) return found
  throw new BadInput(`obligationId: ${obligationId} is unknown`)
}

function subjectOf(
  data: TaxData,
  { country, rules }: CountryTaxData,
  announcement: Announcement,
): Pick<AnnouncedChange, 'obligationId' | 'periodEnd'> {
  const obligationId = announcement.obligationId ?? null
  const periodEnd = announcement.periodEnd ?? null
  if (obligationId === null) {
    if (periodEnd === null) return { obligationId, periodEnd }
    throw new BadInput('periodEnd: belongs to an obligationId, which is not given')
  }
  const period = rules.get(obligationId)?.period
  if (period === undefined) {
    throw new BadInput(`obligationId: ${obligationId} is not an obligation of ${country.code}`)
  }
  if (period.type === 'event') {
    throw new BadInput(
      `obligationId: ${obligationId} is counted from each ${period.event}; it has no dates that could change`,
    )
  }
  if (periodEnd === null) throw new BadInput('periodEnd: is needed with an obligationId')
  const dates = changedDatesOf(data, { country: country.code, obligationId, periodEnd }, [])
  const own = dates.find(isOwnDate)
  if (own === undefined) {
    throw new BadInput(
      `periodEnd: ${obligationId} has no date for a period that ends on ${periodEnd}`,
    )
  }
  return { obligationId, periodEnd }
}

/** An obligation of one region has it in all its changes, so that a change reads well by itself. */
function regionOf(
  found: CountryTaxData,
  obligationId: string | null,
  asked: Optional<string>,
): string | null {
  const region = knownRegion(found, asked)
  const own = obligationId === null ? null : (found.rules.get(obligationId)?.region ?? null)
  if (own === null || region === null || region === own) return region ?? own
  throw new BadInput(`region: ${obligationId} exists in ${own} alone`)
}

function dueDateOf(
  { years, calendars }: TaxData,
  { rules }: CountryTaxData,
  obligationId: string | null,
  effect: ChangeEffect,
  dueDate: CalendarDate | null,
): CalendarDate | null {
  if (effect !== 'MOVED') {
    if (dueDate === null) return null
    throw new BadInput(`dueDate: belongs to MOVED, not to ${effect}`)
  }
  if (dueDate === null) throw new BadInput('dueDate: is needed with MOVED')
  demandCoveredDate('dueDate', dueDate, years)
  const rule = obligationId === null ? undefined : rules.get(obligationId)
  if (rule && paymentDate(rule, dueDate, calendars) === undefined) {
    throw new BadInput(
      `dueDate: the calendar does not know the days before ${dueDate} by which to pay`,
    )
  }
  return dueDate
}

function checkedText(field: string, text: string): string {
  if (unprintable.test(text)) throw new BadInput(`${field}: must not hold control characters`)
  const trimmed = text.trim()
  const length = [...trimmed].length
  if (length >= 1 && length <= LONGEST_TEXT) return trimmed
  throw new BadInput(`${field}: must have 1 to ${LONGEST_TEXT} characters`)
}

function checkedSource({ name, url, read }: Source, today: CalendarDate): Source {
  demandDate('source.readOn', read)
  if (read > today) {
    throw new BadInput(`source.readOn: ${read} lies in the future; today is ${today}`)
  }
  return { name: checkedText('source.name', name), url: checkedUrl(url), read }
}

function checkedUrl(text: string): string {
  const url = checkedText('source.url', text)
  const parsed = URL.parse(url)
  if (parsed?.protocol === 'https:' && !/\s/.test(url) && !parsed.username && !parsed.password) {
    return url
  }
  throw new BadInput('source.url: must be a web address, https://…, without a user or password')
}
