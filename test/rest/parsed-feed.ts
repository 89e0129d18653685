import ical, { type VEvent } from 'node-ical'
import { expect } from 'vitest'
import { icalProblems } from './ical-rules.ts'

/** One event as a library that did not write it reads it. */
export interface ParsedEvent {
  uid: string
  summary: string
  description: string
  status: string | undefined
  sequence: number
  /** `2026-03-03`; the end is not included. */
  start: string
  end: string
  url: string
  categories: string[]
  transparency: string
  stamp: string
  modified: string
  /** Triggers. */
  alarms: string[]
}

/** By uid; fails where the text breaks a rule of the RFCs or the library loses an event. */
export function parsedFeed(body: string): Map<string, ParsedEvent> {
  expect(icalProblems(body)).toEqual([])
  const events = Object.values(ical.sync.parseICS(body)).filter(
    (component): component is VEvent => component?.type === 'VEVENT',
  )
  expect(events).toHaveLength(body.split('BEGIN:VEVENT\r\n').length - 1)
  return new Map(events.map((event) => [event.uid, parsed(event)]))
}

function parsed(event: VEvent): ParsedEvent {
  const instant = (value: unknown) => (value instanceof Date ? value.toISOString() : 'none')
  return {
    uid: event.uid,
    summary: String(event.summary),
    description: String(event.description),
    status: event.status,
    sequence: Number(event.sequence),
    start: localDay(event.start),
    end: localDay(event.end),
    url: String(event.url),
    categories: event.categories ?? [],
    transparency: String(event.transparency),
    stamp: instant(event.dtstamp),
    modified: instant(event.lastmodified),
    alarms: (event.alarms ?? []).map(({ trigger }) => String(trigger)),
  }
}

/** The library reads a day as midnight of this machine. */
function localDay(at: Date | undefined): string {
  if (at === undefined) return 'none'
  const pad = (value: number) => String(value).padStart(2, '0')
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`
}

/** The calendar's own properties, as that library reads them. */
export function calendarOf(body: string): Record<string, unknown> {
  return { ...ical.sync.parseICS(body).vcalendar }
}
