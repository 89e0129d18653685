import { describe, expect, test } from 'vitest'
import { buildCalendars } from '../../../src/rules/tax/build-calendars.ts'
import { fromEpochDay, toEpochDay } from '../../../src/rules/tax/calendar-date.ts'
import {
  calendarsFileSchema,
  type GeneratedCalendars,
  generatedCalendarsSchema,
} from '../../../src/rules/tax/holiday-calendar.ts'
import { shipped } from './shipped-data.ts'

const covers = { from: '2023-01-01', to: '2027-12-31' }
const generatedFor = (holidays: Record<string, Record<string, string>>): GeneratedCalendars => ({
  generatedFrom: 'a test',
  covers: { from: '2018-12-01', to: '2036-01-31' },
  calendars: Object.fromEntries(
    Object.entries(holidays).map(([id, days]) => [id, { holidays: days }]),
  ),
})

describe('generated holidays', () => {
  const problems: string[] = []
  const built = buildCalendars(
    {
      ANY: { name: 'anywhere', inAll: 'everywhere', unionOf: ['AU-WA', 'AU-NT'] },
      'AU-WA': {
        name: 'Western Australia',
        covers,
        expected: ['2027-09-27'],
        holidays: {
          '2026-03-02': 'Labour Day',
          '2027-09-27': 'King',
          '2028-12-25': 'Christmas Day',
        },
      },
      'AU-NT': { name: 'Northern Territory', covers, holidays: { '2027-09-27': 'Picnic Day' } },
      NONE: { name: 'none', holidays: {} },
    },
    problems,
    generatedFor({
      'AU-WA': {
        '2022-03-07': 'Labour Day',
        '2026-03-09': 'Wrong Day',
        '2028-03-13': 'Labour Day',
        '2028-12-25': 'Christmas by reckoning',
      },
      'AU-NT': {
        '2022-03-07': 'Labour Day',
        '2028-03-13': 'Show Day',
        '2028-12-25': 'Christmas Day',
      },
    }),
  )
  const holiday = (id: string, date: string) => built.get(id)?.holidays.get(toEpochDay(date))

  test('fill the days that calendars.json does not cover', () => {
    expect(problems).toEqual([])
    const { from, to } = built.get('AU-WA')?.covers ?? { from: 0, to: 0 }
    expect([fromEpochDay(from), fromEpochDay(to)]).toEqual(['2018-12-01', '2036-01-31'])
    expect(built.get('ANY')?.covers).toEqual({ from, to })
    expect(built.get('NONE')?.covers).toBeNull()
  })

  test('before those days are facts, after them provisional', () => {
    expect(holiday('AU-WA', '2022-03-07')).toEqual({
      name: 'Labour Day (Western Australia)',
      provisional: false,
    })
    expect(holiday('AU-WA', '2028-03-13')?.provisional).toBe(true)
  })

  test('never stand above what calendars.json covers or lists', () => {
    expect(holiday('AU-WA', '2026-03-09')).toBeUndefined()
    expect(holiday('AU-WA', '2026-03-02')?.provisional).toBe(false)
    expect(holiday('AU-WA', '2028-12-25')).toEqual({
      name: 'Christmas Day (Western Australia)',
      provisional: false,
    })
  })

  test('a listed day that is only expected is provisional', () => {
    expect(holiday('AU-WA', '2027-09-27')?.provisional).toBe(true)
  })

  test('a union is provisional where none of its members has proclaimed the day', () => {
    expect(holiday('ANY', '2028-03-13')).toEqual({
      name: 'Labour Day (WA) / Show Day (NT)',
      provisional: true,
    })
    expect(holiday('ANY', '2028-12-25')).toEqual({
      name: 'Christmas Day (everywhere)',
      provisional: false,
    })
    expect(holiday('ANY', '2027-09-27')).toEqual({
      name: 'King (WA) / Picnic Day (NT)',
      provisional: false,
    })
    expect(holiday('ANY', '2022-03-07')?.provisional).toBe(false)
  })
})

describe('calendars that contradict themselves are named', () => {
  const problemsOf = (
    file: Parameters<typeof buildCalendars>[0],
    generated: GeneratedCalendars,
  ) => {
    const problems: string[] = []
    buildCalendars(file, problems, generated)
    return problems
  }

  test('a generated calendar that is not listed', () => {
    expect(problemsOf({}, generatedFor({ XX: {} }))).toEqual([
      'calendar XX: is generated, but calendars.json lists none',
    ])
  })

  test('one whose other years were not generated', () => {
    const file = { XX: { name: 'X', covers, holidays: {} } }
    expect(problemsOf(file, generatedFor({}))).toEqual([
      'calendar XX: is not generated; run npm run tax:calendars',
    ])
  })

  test('an expected day that is no holiday', () => {
    const file = { XX: { name: 'X', covers, expected: ['2027-09-24'], holidays: {} } }
    expect(problemsOf(file, generatedFor({ XX: {} }))).toEqual([
      'calendar XX: expected 2027-09-24 is not one of its holidays',
    ])
  })

  test('days between the two that nobody knows', () => {
    const file = {
      XX: { name: 'X', covers: { from: '2036-03-01', to: '2036-12-31' }, holidays: {} },
    }
    expect(problemsOf(file, generatedFor({ XX: {} }))).toEqual([
      'calendar XX: days between its covers and the generated ones are not known',
    ])
  })

  test('fields that nobody knows, and days that do not exist', () => {
    const entry = { name: 'X', covers, holidays: {} }
    expect(calendarsFileSchema.safeParse({ XX: { ...entry, guessed: true } }).success).toBe(false)
    expect(
      calendarsFileSchema.safeParse({ XX: { ...entry, expected: ['2027-02-29'] } }).success,
    ).toBe(false)
    const generated = generatedFor({ XX: { '2030-12-25': 'Christmas Day' } })
    expect(generatedCalendarsSchema.safeParse(generated).success).toBe(true)
    expect(generatedCalendarsSchema.safeParse({ ...generated, note: '' }).success).toBe(false)
    expect(
      generatedCalendarsSchema.safeParse(generatedFor({ XX: { '2030-02-30': 'Never' } })).success,
    ).toBe(false)
  })
})

/** Days that no reckoning finds, as they were proclaimed; and reckoned ones that did not take place. */
describe('the holidays of 2019 to 2022', () => {
  const nameOf = (id: string, date: string) =>
    shipped.calendars.get(id)?.holidays.get(toEpochDay(date))

  test.each([
    ['GB-EAW', '2020-05-08', 'VE Day'],
    ['GB-EAW', '2022-06-02', 'Spring bank holiday'],
    ['GB-EAW', '2022-06-03', 'Platinum Jubilee'],
    ['GB-EAW', '2022-09-19', 'Elizabeth'],
    ['AU-ANY', '2022-09-22', 'National Day of Mourning'],
    ['AU-VIC', '2020-10-23', 'AFL Grand Final Friday'],
    ['AU-VIC', '2022-09-23', 'AFL Grand Final Friday'],
    ['AU-ACT', '2020-04-27', 'Anzac Day'],
    ['AU-SA', '2021-04-26', 'Anzac Day'],
    ['AU-TAS', '2020-12-28', 'Boxing Day'],
    ['NZ', '2022-09-26', 'National Day of Mourning'],
    ['NZ', '2022-06-24', 'Matariki'],
    ['US-DC', '2021-01-20', 'Inauguration Day'],
    ['US-DC', '2021-06-18', 'Juneteenth'],
    ['US-DC', '2022-04-15', 'Emancipation Day'],
    ['US-MA', '2022-04-18', "Patriots' Day"],
    ['CA-CRA', '2021-09-30', 'Truth and Reconciliation'],
    ['SG', '2020-07-10', 'Polling Day'],
    ['IE', '2022-03-18', 'remembrance'],
    ['ZA', '2019-05-08', 'Voting Day'],
    ['ZA', '2021-11-01', 'Voting Day'],
    ['ZA', '2022-12-27', 'Public Holiday'],
    ['HK', '2022-09-12', 'Mid-Autumn'],
    ['DE', '2020-10-03', 'Tag der Deutschen Einheit'],
    ['FR', '2021-07-14', 'Fête Nationale'],
    ['IN', '2020-10-02', 'Gandhi'],
  ])('%s: %s is %s', (id, date, name) => {
    expect(nameOf(id, date)?.name).toContain(name)
    expect(nameOf(id, date)?.provisional).toBe(false)
  })

  test.each([
    ['GB-EAW', '2020-05-04'],
    ['GB-EAW', '2022-05-30'],
    ['AU-NSW', '2020-04-27'],
    ['AU-VIC', '2020-09-25'],
    ['AU-VIC', '2022-09-30'],
    ['AU-QLD', '2021-12-24'],
    ['AU-SA', '2019-12-31'],
    ['AU-NT', '2020-12-24'],
    ['NZ', '2021-06-25'],
    ['US-DC', '2020-06-19'],
    ['US-DC', '2019-12-24'],
    ['US-MA', '2021-03-17'],
    ['CA-CRA', '2020-09-30'],
    ['CA-CRA', '2019-02-18'],
    ['IE', '2022-02-07'],
  ])('%s: %s is none', (id, date) => {
    expect(nameOf(id, date)).toBeUndefined()
  })
})
