import ICAL from 'ical.js'
import { DAY } from '../rules/calendar-time.ts'
import { addDays, toEpochDay } from '../rules/tax/calendar-date.ts'
import type { CalendarEntry } from '../rules/tax/ical-entries.ts'
import { descriptionOf, summaryOf } from '../rules/tax/ical-words.ts'
import type { TaxDateChange } from '../rules/tax/tax-date-change.ts'
import type { TaxDate } from '../rules/tax/tax-dates.ts'

/** A component as RFC 7265 (jCal) has it; the library turns it into lines, escapes and folds them. */
type Property = [name: string, parameters: object, type: string, ...values: (string | number)[]]
type Component = [name: string, properties: Property[], components: Component[]]

const LINE_END = '\r\n'
const END_OF_CALENDAR = 'END:VCALENDAR'
/** How often a client shall ask: well below the limit on reads, and soon enough for a postponement. */
const REFRESH = 'PT6H'
const ALARMS = [
  { trigger: '-P7D', words: 'In 7 days' },
  { trigger: '-P1D', words: 'Tomorrow' },
]

// Lines of at most 75 octets: the library does not count the blank with which a folded line goes on.
ICAL.foldLength = 74
const asText = { defaultType: 'text' }
/** What the library knows of iCalendar, and the texts that it does not know: they would stay unescaped. */
const design = {
  ...ICAL.design.icalendar,
  property: {
    ...ICAL.design.icalendar.property,
    name: asText,
    'x-wr-calname': asText,
    'x-published-ttl': asText,
  },
}

/**
 * A calendar by RFC 5545 and RFC 7986. Entries alone decide every byte of it: it names no instant at which
 * it was made, so that what has not changed is answered with the same ETag.
 */
export function calendarText(name: string, entries: readonly CalendarEntry[]): string {
  const head = linesOf(calendar(name, entries.length === 0 ? [nothing] : []))
  const events = entries.map((entry) => eventText(entry) + LINE_END)
  return `${head.slice(0, -END_OF_CALENDAR.length)}${events.join('')}${END_OF_CALENDAR}${LINE_END}`
}

function linesOf(component: Component): string {
  return ICAL.stringify.component(component, design)
}

function calendar(name: string, components: Component[]): Component {
  return [
    'vcalendar',
    [
      text('version', '2.0'),
      text('prodid', '-//GetComplical//Tax dates//EN'),
      text('calscale', 'GREGORIAN'),
      text('method', 'PUBLISH'),
      text('name', name),
      text('x-wr-calname', name),
      ['refresh-interval', {}, 'duration', REFRESH],
      text('x-published-ttl', REFRESH),
    ],
    components,
  ]
}

/** A calendar must hold a component, and a time zone is one that nobody is shown. */
const nothing: Component = [
  'vtimezone',
  [text('tzid', 'Etc/UTC')],
  [
    [
      'standard',
      [
        ['dtstart', {}, 'date-time', '1970-01-01T00:00:00'],
        ['tzoffsetfrom', {}, 'utc-offset', '+00:00'],
        ['tzoffsetto', {}, 'utc-offset', '+00:00'],
      ],
      [],
    ],
  ],
]

/**
 * The lines of events by their date, and the newest change that they tell of. Dates and changes are never
 * altered, so that a text holds as long as both are the same.
 */
const textsByDate = new WeakMap<TaxDate, Map<string, EventText>>()
type EventText = { readonly newest: TaxDateChange | undefined; readonly lines: string }

function eventText(entry: CalendarEntry): string {
  const { uid, taxDate, withdrawn, changes } = entry
  const newest = changes.at(-1)
  const texts = textsByDate.get(taxDate) ?? new Map<string, EventText>()
  textsByDate.set(taxDate, texts)
  const key = `${withdrawn} ${uid}`
  const known = texts.get(key)
  if (known && known.newest === newest) return known.lines
  const lines = linesOf(event(entry))
  texts.set(key, { newest, lines })
  return lines
}

function event(entry: CalendarEntry): Component {
  const { uid, day, withdrawn, taxDate, changes } = entry
  const { obligation } = taxDate
  const modified = modifiedAt(entry)
  const summary = summaryOf(entry)
  const [source] = obligation.sources
  return [
    'vevent',
    [
      text('uid', uid),
      ['dtstamp', {}, 'date-time', modified],
      ['last-modified', {}, 'date-time', modified],
      ['sequence', {}, 'integer', changes.length],
      ['dtstart', {}, 'date', day],
      ['dtend', {}, 'date', addDays(day, 1)],
      text('transp', 'TRANSPARENT'),
      text('status', statusOf(entry)),
      text('summary', summary),
      text('description', descriptionOf(entry)),
      text('categories', obligation.category, obligation.country),
      ...(source ? [['url', {}, 'uri', new URL(source.url).href] satisfies Property] : []),
    ],
    withdrawn ? [] : ALARMS.map(({ trigger, words }) => alarm(trigger, `${words}: ${summary}`)),
  ]
}

function statusOf({ withdrawn, taxDate }: CalendarEntry): string {
  if (withdrawn) return 'CANCELLED'
  return taxDate.provisional ? 'TENTATIVE' : 'CONFIRMED'
}

function alarm(trigger: string, words: string): Component {
  const properties: Property[] = [
    text('action', 'DISPLAY'),
    text('description', words),
    ['trigger', {}, 'duration', trigger],
  ]
  return ['valarm', properties, []]
}

/** When the last change was entered; without one, the day on which the rule was read last. */
function modifiedAt({ taxDate, changes }: CalendarEntry): string {
  const newest = changes.at(-1)
  const read = taxDate.obligation.sources.map((source) => toEpochDay(source.read) * DAY)
  const at = newest ? newest.enteredAt : Math.max(0, ...read)
  return `${new Date(at).toISOString().slice(0, 19)}Z`
}

/**
 * Control characters have no place in a text but the line's end; half a surrogate pair is no UTF-8. At a
 * line separator of Unicode some clients end the line, and lose the property.
 */
function text(name: string, ...values: string[]): Property {
  const plain = values.map((value) =>
    value.toWellFormed().replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, (one) => (one === '\n' ? one : ' ')),
  )
  return [name, {}, 'text', ...plain]
}
