import { isCalendarDate } from '../../src/rules/tax/calendar-date.ts'
import { type ContentLine, type IcalComponent, readIcal } from './ical-lines.ts'

/** How often a property may stand in a component. */
type Count = 'once' | 'at most once'
type Check = (line: ContentLine) => boolean

const escaped = /^(?:[^\\;,]|\\[\\;,nN])*$/
const text: Check = ({ value, parameters }) => escaped.test(value) && parameters.size === 0
const oneOf =
  (...words: string[]): Check =>
  ({ value, parameters }) =>
    words.includes(value) && parameters.size === 0
const matches =
  (pattern: RegExp): Check =>
  ({ value, parameters }) =>
    pattern.test(value) && parameters.size === 0
const isDay = (value: string) =>
  isCalendarDate(value.replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3'))
const utc: Check = ({ value, parameters }) =>
  /^\d{8}T([01]\d|2[0-3])[0-5]\d[0-5]\dZ$/.test(value) &&
  isDay(value.slice(0, 8)) &&
  parameters.size === 0
const duration = /^[+-]?P(\d+W|(?=\d|T\d)(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?)$/
const day: Check = ({ value, parameters }) =>
  isDay(value) && parameters.size === 1 && parameters.get('VALUE') === 'DATE'

type Rules = Readonly<Record<string, readonly [Count, Check]>>

/** What RFC 5545 (3.6, 3.6.1, 3.6.6) and RFC 7986 (4, 5) say of the properties that a feed uses; others are faults. */
const rules: Readonly<Record<string, Rules>> = {
  VCALENDAR: {
    VERSION: ['once', oneOf('2.0')],
    PRODID: ['once', text],
    CALSCALE: ['at most once', oneOf('GREGORIAN')],
    METHOD: ['at most once', oneOf('PUBLISH')],
    NAME: ['at most once', text],
    'X-WR-CALNAME': ['at most once', text],
    'X-PUBLISHED-TTL': ['at most once', matches(duration)],
    'REFRESH-INTERVAL': [
      'at most once',
      ({ value, parameters }) =>
        /^P/.test(value) && duration.test(value) && parameters.get('VALUE') === 'DURATION',
    ],
  },
  VEVENT: {
    UID: ['once', text],
    DTSTAMP: ['once', utc],
    'LAST-MODIFIED': ['at most once', utc],
    SEQUENCE: ['at most once', matches(/^\d{1,9}$/)],
    DTSTART: ['once', day],
    DTEND: ['at most once', day],
    TRANSP: ['at most once', oneOf('TRANSPARENT', 'OPAQUE')],
    STATUS: ['at most once', oneOf('TENTATIVE', 'CONFIRMED', 'CANCELLED')],
    SUMMARY: ['at most once', text],
    DESCRIPTION: ['at most once', text],
    CATEGORIES: ['at most once', matches(/^(?:[^\\;]|\\[\\;,nN])+$/)],
    URL: ['at most once', matches(/^https:\/\/[\w.~:/?#[\]@!$&'()*+,;=%-]+$/)],
  },
  VALARM: {
    ACTION: ['once', oneOf('DISPLAY')],
    DESCRIPTION: ['once', text],
    TRIGGER: ['once', matches(duration)],
  },
  VTIMEZONE: { TZID: ['once', text] },
  STANDARD: {
    DTSTART: ['once', matches(/^\d{8}T\d{6}$/)],
    TZOFFSETFROM: ['once', matches(/^[+-]\d{4}$/)],
    TZOFFSETTO: ['once', matches(/^[+-]\d{4}$/)],
  },
}
const mayHold: Readonly<Record<string, readonly string[]>> = {
  VCALENDAR: ['VEVENT', 'VTIMEZONE'],
  VEVENT: ['VALARM'],
  VTIMEZONE: ['STANDARD'],
}

/** Everything in which a feed breaks the RFCs; empty: nothing. */
export function icalProblems(body: string): string[] {
  const problems: string[] = []
  const calendar = readIcal(Buffer.from(body), problems)
  if (calendar?.name !== 'VCALENDAR') return [...problems, 'no VCALENDAR']
  if (calendar.components.length === 0) problems.push('no component')
  judge(calendar, problems)
  const uids = eventsOf(calendar).map((event) => firstOf(event, 'UID'))
  if (new Set(uids).size < uids.length) problems.push('a UID stands twice')
  for (const event of eventsOf(calendar)) {
    if (firstOf(event, 'DTEND') <= firstOf(event, 'DTSTART')) problems.push('ends at its start')
  }
  return problems
}

function judge({ name, lines, components }: IcalComponent, problems: string[]): void {
  const known = rules[name] ?? {}
  for (const line of lines) {
    const rule = known[line.name]
    if (!rule) problems.push(`${name}: ${line.name} is unknown`)
    else if (!rule[1](line)) problems.push(`${name}: ${line.name} is wrong: ${line.value}`)
  }
  for (const [property, [count]] of Object.entries(known)) {
    const found = lines.filter((line) => line.name === property).length
    if (found > 1 || (count === 'once' && found === 0)) {
      problems.push(`${name}: ${property} stands ${found} times`)
    }
  }
  for (const component of components) {
    if (!mayHold[name]?.includes(component.name)) problems.push(`${name} holds ${component.name}`)
    judge(component, problems)
  }
}

function eventsOf({ components }: IcalComponent): IcalComponent[] {
  return components.filter(({ name }) => name === 'VEVENT')
}

function firstOf({ lines }: IcalComponent, property: string): string {
  return lines.find(({ name }) => name === property)?.value ?? ''
}
