import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { calendarText } from '../../src/rest/calendar-text.ts'
import { checkedName } from '../../src/rules/account-input.ts'
import { checkedFeedChoice, type FeedArguments } from '../../src/rules/tax/feed-choice.ts'
import { feedEntries } from '../../src/rules/tax/ical-entries.ts'
import type { TaxDateChange } from '../../src/rules/tax/tax-date-change.ts'
import { createTaxHistory } from '../../src/rules/tax/tax-history.ts'
import { change } from '../rules/tax/announced.ts'
import { fromRules } from '../rules/tax/shipped-data.ts'
import { textsOf } from './ical-lines.ts'
import { icalProblems } from './ical-rules.ts'
import { calendarOf, parsedFeed } from './parsed-feed.ts'

const data = fromRules
const DOMAIN = '@tax-dates.getcomplical'

function feed(given: FeedArguments, today: string, changes: readonly TaxDateChange[] = []): string {
  const history = createTaxHistory(data, () => Date.parse(`${today}T12:00:00Z`))
  history.record(changes)
  return calendarText('Dates', feedEntries(history, checkedFeedChoice(data, given), today))
}

function eventOf(body: string, id: string) {
  const found = parsedFeed(body).get(`${id}${DOMAIN}`)
  if (!found) throw new Error(`no ${id}`)
  return found
}

describe('a feed of every country', () => {
  const countries = [...data.countries.keys()]

  test.each(['2019-01-01', '2026-11-22', '2028-02-29', '2035-12-31'])(
    'breaks no rule of RFC 5545 and RFC 7986, and another library reads all of it on %s',
    (today) => {
      const events = parsedFeed(feed({ countries }, today))
      expect(events.size).toBeGreaterThan(200)
      for (const { start, end, url, alarms } of events.values()) {
        expect(Date.parse(end) - Date.parse(start)).toBe(86_400_000)
        expect(url).toMatch(/^https:/)
        expect(alarms).toEqual(['-P7D', '-P1D'])
      }
    },
  )

  test('holds what is due from 90 days ago to 400 days ahead', () => {
    const days = [...parsedFeed(feed({ countries: ['US'] }, '2026-11-22')).values()].map(
      ({ start }) => start,
    )
    expect(days.every((day) => day >= '2026-08-24' && day <= '2027-12-27')).toBe(true)
    expect([days.at(0), days.at(-1)]).toEqual(['2026-08-26', '2027-12-27'])
    expect(days).toEqual([...days].sort())
  })

  test('is the same byte for byte as long as the day and the changes are', () => {
    expect(feed({ countries }, '2026-11-22')).toBe(feed({ countries }, '2026-11-22'))
  })

  test('that lies beyond the years covered, or in which nothing is due, is a calendar all the same', () => {
    const empty = [
      feed({ countries: ['AU'] }, '2040-01-01'),
      feed({ countries: ['AU'] }, '2010-01-01'),
      feed({ countries: ['AU'], obligationIds: ['au-payday-super'] }, '2026-11-22'),
    ]
    for (const body of empty) expect(parsedFeed(body).size).toBe(0)
  })
})

describe('one event', () => {
  const today = '2026-02-01'

  test('says what is due, why on that day, and who says so', () => {
    const body = feed({ countries: ['AU'], obligationIds: ['au-bas-q-self'] }, today)
    const event = eventOf(body, 'au-bas-q-self:2025-12-31')
    expect(event).toMatchObject({
      summary: 'AU: GST/BAS quarterly, file and pay',
      status: 'CONFIRMED',
      ...{ sequence: 0, start: '2026-03-03', end: '2026-03-04', transparency: 'TRANSPARENT' },
      categories: ['VAT_GST', 'AU'],
    })
    expect(event.description).toContain('Period: 2025-10-01 to 2025-12-31\n')
    expect(event.description).toContain('by statute 2026-02-28, moved by weekend, Saturday')
    expect(event.description).toContain('Labour Day (WA), Monday 2026-03-02; calendar: ')
    expect(event.description).toMatch(/\nSource: .+, https:\/\/.+ \(read 20\d\d-\d\d-\d\d\)$/)
    expect(event.modified).toBe(event.stamp)
  })

  test('stands a second time on the day by which to pay, where that is earlier', () => {
    const body = feed({ countries: ['GB'], obligationIds: ['gb-vat'] }, '2025-11-01')
    const due = eventOf(body, 'gb-vat:2025-10-31')
    const pay = eventOf(body, 'gb-vat:2025-10-31:pay')
    expect([due.start, pay.start]).toEqual(['2025-12-07', '2025-12-05'])
    expect(due.summary).toMatch(/\(pay by 2025-12-05\)$/)
    expect(pay.summary).toMatch(/pay by today \(due 2025-12-07\)$/)
    expect(pay.description).toContain('Pay by: 2025-12-05, because of ')
    expect(pay.alarms).toEqual(['-P7D', '-P1D'])
  })

  test('is tentative where it leans on a holiday that is not proclaimed', () => {
    const body = feed({ countries: ['US'], obligationIds: ['us-1040'] }, '2028-02-01')
    const event = eventOf(body, 'us-1040:2027-12-31')
    expect(event.status).toBe('TENTATIVE')
    expect(event.description).toContain('\nProvisional: ')
  })
})

describe('an announced change', () => {
  const vat = { obligationId: 'gb-vat', periodEnd: '2025-10-31' } as const
  const only = { countries: ['GB'], obligationIds: ['gb-vat'] } satisfies FeedArguments
  const today = '2025-11-01'
  const at = (day: string) => ({ enteredAt: Date.parse(`${day}T08:30:00Z`) })
  const moved = change({
    ...{ ...vat, effect: 'MOVED', dueDate: '2026-01-12', reason: 'Storm; flood, and "fire"' },
    ...at('2025-11-03'),
  })
  const forSome = change({
    ...{ ...vat, effect: 'MOVED', dueDate: '2026-02-02', appliesTo: 'bakers' },
    ...at('2025-11-04'),
  })
  const gone = change({ ...vat, effect: 'WITHDRAWN', dueDate: null, ...at('2025-11-05') })
  const back = change({ ...vat, effect: 'RESTORED', dueDate: null, ...at('2025-11-06') })

  test('raises the sequence of its date and of no other, and says when it was entered', () => {
    const [before, after] = [feed(only, today), feed(only, today, [moved])]
    expect(before).not.toBe(after)
    expect(eventOf(before, 'gb-vat:2025-10-31')).toMatchObject({ sequence: 0, start: '2025-12-07' })
    const event = eventOf(after, 'gb-vat:2025-10-31')
    expect(event).toMatchObject({ sequence: 1, start: '2026-01-12', status: 'CONFIRMED' })
    expect([event.stamp, event.modified]).toEqual(Array(2).fill('2025-11-03T08:30:00.000Z'))
    expect(event.description).toContain(
      'Announced, on record since 2025-11-03: due 2026-01-12. Storm; flood, and "fire". a notice, ',
    )
    const others = (body: string) =>
      [...parsedFeed(body).values()].filter(({ uid }) => !uid.startsWith('gb-vat:2025-10-31'))
    expect(others(after)).toEqual(others(before))
  })

  test('for some only is told and counted, and moves nothing', () => {
    const event = eventOf(feed(only, today, [forSome]), 'gb-vat:2025-10-31')
    expect(event).toMatchObject({ sequence: 1, start: '2025-12-07' })
    expect(event.description).toContain('due 2026-02-02 (bakers)')
  })

  test('that withdraws leaves a cancelled event without alarms, until its day is long past', () => {
    const events = parsedFeed(feed(only, today, [moved, gone]))
    const event = events.get(`gb-vat:2025-10-31${DOMAIN}`)
    expect(event).toMatchObject({ status: 'CANCELLED', sequence: 2, start: '2026-01-12' })
    expect(event).toMatchObject({ alarms: [], stamp: '2025-11-05T08:30:00.000Z' })
    expect(event?.summary).toMatch(/^Withdrawn: /)
    expect(event?.description).toContain('not due for this period')
    expect(events.get(`gb-vat:2025-10-31:pay${DOMAIN}`)).toMatchObject({
      ...{ status: 'CANCELLED', sequence: 2, start: '2025-12-05' },
    })
    expect(parsedFeed(feed(only, '2026-05-01', [moved, gone]))).not.toHaveProperty(
      `gb-vat:2025-10-31${DOMAIN}`,
    )
  })

  test('that restores brings the date back, with a sequence that goes on', () => {
    const body = feed(only, today, [moved, gone, back])
    for (const [id, start] of [
      ['gb-vat:2025-10-31', '2025-12-07'],
      ['gb-vat:2025-10-31:pay', '2025-12-05'],
    ] as const) {
      expect(eventOf(body, id)).toMatchObject({ status: 'CONFIRMED', sequence: 3, start })
    }
  })

  test('of a region takes the nationwide date from who sees that region alone', () => {
    const income = { obligationId: 'us-1040', periodEnd: '2025-12-31' } as const
    const florida = change({
      ...{ ...income, effect: 'MOVED', dueDate: '2026-05-01', region: 'US-FL' },
    })
    const given = { countries: ['US'], obligationIds: ['us-1040'] } satisfies FeedArguments
    const shown = (regions: string[] | null) => {
      const body = feed({ ...given, regions }, '2026-02-01', [florida])
      return [...parsedFeed(body).values()]
        .filter(({ uid }) => uid.includes(':2025-12-31'))
        .map(({ uid, status, sequence }) => `${uid.replace(DOMAIN, '')} ${status} ${sequence}`)
    }
    expect(shown(['US-FL'])).toEqual([
      'us-1040:2025-12-31 CANCELLED 1',
      'us-1040:2025-12-31:US-FL CONFIRMED 1',
    ])
    expect(shown(['US-TX'])).toEqual(['us-1040:2025-12-31 CONFIRMED 1'])
    const both = ['us-1040:2025-12-31 CONFIRMED 1', 'us-1040:2025-12-31:US-FL CONFIRMED 1']
    expect(shown(null)).toEqual(both)
    expect(shown(['US-FL', 'US-TX'])).toEqual(both)
  })
})

describe('hostile words', () => {
  const entries = (reason: string) => {
    const history = createTaxHistory(data, () => 0)
    const about = { obligationId: 'gb-vat', periodEnd: '2025-10-31' } as const
    history.record([change({ ...about, effect: 'WITHDRAWN', dueDate: null, reason })])
    const choice = checkedFeedChoice(data, { countries: ['GB'], obligationIds: ['gb-vat'] })
    return feedEntries(history, choice, '2025-12-01').filter(({ withdrawn }) => withdrawn)
  }
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.string({ unit: fc.constantFrom(...',;:\\"\r\n\t\0\x7f\u2028é漢😀 '), maxLength: 200 }),
    fc.constantFrom('\ud800', 'x\r\nBEGIN:VEVENT\r\nUID:evil', '\\n\\', '\ufeff', 'a'.repeat(500)),
  )

  const printable = (text: string) =>
    text.toWellFormed().replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, (one) => (one === '\n' ? one : ' '))

  test('in names and reasons break no rule, and come back as they were', () => {
    fc.assert(
      fc.property(hostile, hostile, (name, reason) => {
        const body = calendarText(name, entries(reason))
        expect(icalProblems(body)).toEqual([])
        const [description] = textsOf(body, 'VEVENT', 'DESCRIPTION')
        expect(description).toContain(printable(reason))
        expect(textsOf(body, 'VCALENDAR', 'NAME')).toEqual([printable(name)])
      }),
      { numRuns: 300 },
    )
  })

  test('of a name that was accepted are the calendar’s name to others', () => {
    const name = checkedName('Dates, all; of "them" \\ é漢😀: x')
    expect(calendarOf(calendarText(name, []))).toMatchObject({ name, 'WR-CALNAME': name })
  })
})
