import { describe, expect, test } from 'vitest'
import { toEpochDay } from '../../../src/rules/tax/calendar-date.ts'
import type { TaxDate } from '../../../src/rules/tax/tax-dates.ts'
import { shipped } from './shipped-data.ts'

const all: TaxDate[] = [...shipped.countries.values()].flatMap(({ datesByYear }) =>
  [...datesByYear.values()].flat().map(({ taxDate }) => taxDate),
)
const found = (id: string): TaxDate => {
  const date = all.find((each) => each.id === id)
  if (date === undefined) throw new Error(`no date ${id}`)
  return date
}

describe('provisional', () => {
  test('a date is so exactly when an expected holiday moved it or its payment', () => {
    for (const date of all) {
      const moved = date.movedBy.some(({ provisional }) => provisional)
      if (date.payBy === null) expect(date.provisional, date.id).toBe(moved)
      else if (moved) expect(date.provisional, date.id).toBe(true)
    }
    expect(all.some(({ provisional }) => provisional)).toBe(true)
  })

  test('a step is so exactly where its day is in its calendar', () => {
    for (const { id, movedBy } of all) {
      for (const { kind, date, calendar, provisional } of movedBy) {
        if (kind === 'CHANGE' || date === null || calendar === null) continue
        const holiday = shipped.calendars.get(calendar.id)?.holidays.get(toEpochDay(date))
        const expected = kind === 'HOLIDAY' && holiday?.provisional === true
        expect(provisional, `${id} ${date}`).toBe(expected)
      }
    }
  })

  test('nothing before the first day that nobody has proclaimed', () => {
    const first = all
      .filter(({ provisional }) => provisional)
      .map(({ dueDate }) => dueDate)
      .sort()[0]
    expect(first).toMatch(/^202[78]/)
    const past = all.filter(({ dueDate }) => dueDate < '2027-09-01')
    expect(past.length).toBeGreaterThan(8_000)
    expect(past.every(({ provisional }) => !provisional)).toBe(true)
  })

  test('weekends alone never make a date so', () => {
    for (const { id, movedBy, payBy, provisional } of all) {
      if (payBy !== null || movedBy.some(({ kind }) => kind !== 'WEEKEND')) continue
      expect(provisional, id).toBe(false)
    }
  })
})

describe('dates of years that no official list covers', () => {
  test('the filing season of 2033: Emancipation Day on a Saturday is held on 15 April', () => {
    expect(found('us-1040:2032-12-31')).toMatchObject({
      statutoryDate: '2033-04-15',
      dueDate: '2033-04-18',
      provisional: true,
    })
  })

  test('the same in 2022, as the IRS said: 18 April, and 19 April in Massachusetts', () => {
    expect(found('us-1040:2021-12-31')).toMatchObject({ dueDate: '2022-04-18', provisional: false })
    expect(found('us-1040:2021-12-31:US-MA')).toMatchObject({ dueDate: '2022-04-19' })
  })

  // Of the bill that would move them the last that was read is its second reading in the Council.
  test('Western Australia keeps its holidays as its Act has them; a bill moves none, and leaves doubt', () => {
    expect(found('au-agent-5jun:2027-06-30')).toMatchObject({
      statutoryDate: '2028-06-05',
      dueDate: '2028-06-06',
      shiftedBy: 'Western Australia Day (WA), Monday 2028-06-05',
      provisional: true,
    })
    expect(found('au-bas-q-self:2031-12-31')).toMatchObject({
      dueDate: '2032-03-02',
      provisional: true,
    })
    expect(found('au-bas-q-online:2028-09-30')).toMatchObject({
      dueDate: '2028-11-13',
      provisional: false,
    })
  })

  test('a payment before Christmas that nobody has proclaimed yet', () => {
    const paid = all.filter(({ payBy, movedBy, provisional }) => {
      return payBy !== null && movedBy.length === 0 && provisional
    })
    expect(paid.length).toBeGreaterThan(0)
    expect(paid.every(({ payBy, dueDate }) => payBy !== null && payBy < dueDate)).toBe(true)
  })

  test('every year has dates in every country', () => {
    for (const { country, datesByYear } of shipped.countries.values()) {
      expect([...datesByYear.keys()]).toEqual(
        Array.from({ length: 17 }, (_, index) => 2019 + index),
      )
      for (const [year, dates] of datesByYear) {
        expect(dates.length, `${country.code} ${year}`).toBeGreaterThan(0)
      }
    }
  })
})
