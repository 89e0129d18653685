import { DAY } from '../calendar-time.ts'
import { type CalendarDate, toEpochDay } from './calendar-date.ts'
import type { CountryCode } from './country-code.ts'
import type { Source } from './provenance.ts'

/**
 * MOVED: due on another day. WITHDRAWN: no duty for this period. RESTORED: the rule's own date holds
 * again, as if no earlier change of the same scope had been made.
 */
export const CHANGE_EFFECTS = ['MOVED', 'WITHDRAWN', 'RESTORED'] as const
export type ChangeEffect = (typeof CHANGE_EFFECTS)[number]

/** What was announced, whoever enters it: a file of the data, or an operator. */
export type AnnouncedChange = {
  readonly country: CountryCode
  /** Null: a notice that concerns no listed obligation; it moves nothing. */
  readonly obligationId: string | null
  /** The period whose date changes; null exactly with a null obligation. */
  readonly periodEnd: CalendarDate | null
  /** ISO 3166-2: only there. Null: everywhere. */
  readonly region: string | null
  readonly effect: ChangeEffect
  /** The new due date; null exactly unless MOVED. */
  readonly dueDate: CalendarDate | null
  /**
   * Only for whom, in words; null: for everybody. What holds for some only is told with the date and
   * does not move it: moved, it would be wrong for all others.
   */
  readonly appliesTo: string | null
  /** `Postponed after the Los Angeles wildfires`. */
  readonly reason: string
  readonly source: Source
}

/** A change that comes with the data. */
export type ShippedChange = AnnouncedChange & {
  /** Never reused: by it a database knows which of them it holds. */
  readonly key: string
  /** The day on which it came into the data. */
  readonly entered: CalendarDate
}

/** A change on record. Records are never altered nor removed: a later one takes an earlier one back. */
export type TaxDateChange = AnnouncedChange & {
  /** Decimal number, counted up in the order of entry; also its place in the stream. */
  readonly id: string
  /** ms since the epoch: from then on the API says so. */
  readonly enteredAt: number
}

/** Ids are numbers written out: `9` stands before `10`. */
export function isBefore(one: { readonly id: string }, other: { readonly id: string }): boolean {
  return Number(one.id) < Number(other.id)
}

/** By the day they came into the data, then by key. */
export function isEnteredBefore(one: ShippedChange, other: ShippedChange): boolean {
  return one.entered === other.entered ? one.key < other.key : one.entered < other.entered
}

/** Countries' files have no order among each other. */
export function inOrderOfEntry(shipped: readonly ShippedChange[]): ShippedChange[] {
  return [...shipped].sort((a, b) => (isEnteredBefore(a, b) ? -1 : 1))
}

/** The shipped changes of all countries as they stand in a database that holds nothing else. */
export function recordsOf(shipped: readonly ShippedChange[]): TaxDateChange[] {
  return inOrderOfEntry(shipped).map(({ key: _key, entered, ...change }, index) => ({
    ...change,
    id: String(index + 1),
    enteredAt: toEpochDay(entered) * DAY,
  }))
}

/** False for what is only told: a notice about no obligation, and what holds for some only. */
export function movesDates({ obligationId, appliesTo }: AnnouncedChange): boolean {
  return obligationId !== null && appliesTo === null
}

/** Whether two changes are about the same dates of the same taxpayers. */
export function hasSameScope(one: AnnouncedChange, other: AnnouncedChange): boolean {
  return (
    one.country === other.country &&
    one.obligationId === other.obligationId &&
    one.periodEnd === other.periodEnd &&
    one.region === other.region &&
    one.appliesTo === other.appliesTo
  )
}

/** Whether they say the very same, with the same reason and source. */
export function isSameAnnouncement(one: AnnouncedChange, other: AnnouncedChange): boolean {
  return (
    hasSameScope(one, other) &&
    one.effect === other.effect &&
    one.dueDate === other.dueDate &&
    one.reason === other.reason &&
    one.source.name === other.source.name &&
    one.source.url === other.source.url &&
    one.source.read === other.source.read
  )
}
