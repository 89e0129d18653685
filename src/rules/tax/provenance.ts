import type { CalendarDate } from './calendar-date.ts'

/** Where a fact was read, and when. */
export type Source = {
  readonly name: string
  /** https */
  readonly url: string
  /** The day somebody read it. */
  readonly read: CalendarDate
}

/** CHANGE: somebody announced another day. */
export const MOVE_KINDS = ['WEEKEND', 'HOLIDAY', 'CHANGE'] as const
export type MoveKind = (typeof MOVE_KINDS)[number]

/** One step between the statutory date and the due date. */
export type Move = {
  readonly kind: MoveKind
  /** The day that was passed over; null for a CHANGE, which names no day but its own. */
  readonly date: CalendarDate | null
  /** `Saturday`, `Labour Day (WA)`, or what was announced. */
  readonly name: string
  /** By which calendar; null for a CHANGE. */
  readonly calendar: { readonly id: string; readonly name: string } | null
  /** The holiday is expected by the law's own reckoning, and not proclaimed yet. */
  readonly provisional: boolean
}

/** A printed date that contradicts ours, and why it is probably the printed one that is wrong. */
export type Disagreement = {
  readonly printedDate: CalendarDate
  /** Whether the print means the date before weekends and holidays, or after them. */
  readonly printedAs: 'STATUTORY' | 'DUE'
  readonly why: string
  readonly source: Source
}
