import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromEpochDay, isWeekend, toEpochDay } from '../../../src/rules/tax/calendar-date.ts'
import type { HolidayCalendar } from '../../../src/rules/tax/holiday-calendar.ts'
import { movesInWords, shiftDueDate, statutoryDate } from '../../../src/rules/tax/shift.ts'
import type { ShiftRule } from '../../../src/rules/tax/tax-rule.ts'

const holiday = (name: string) => ({ name, provisional: false })
const calendar: HolidayCalendar = {
  id: 'X',
  name: 'Xland',
  covers: { from: toEpochDay('2026-01-01'), to: toEpochDay('2026-12-31') },
  holidays: new Map([
    [toEpochDay('2026-03-02'), holiday('Labour Day (X)')],
    [toEpochDay('2026-04-03'), holiday('Good Friday (X)')],
    [toEpochDay('2026-04-06'), holiday('Easter Monday (X)')],
  ]),
}
const shift = (convention: ShiftRule['convention'], weekends = true): ShiftRule => {
  return { convention, weekends, calendar: 'X', appliesTo: 'filing+payment' }
}
const on = (date: string, businessDays = 0) => ({ date, businessDays })
const xland = { id: 'X', name: 'Xland' }
const past = (date: string, name: string, kind: 'WEEKEND' | 'HOLIDAY' = 'HOLIDAY') => {
  return { kind, date, name, calendar: xland, provisional: false }
}

describe('a date that falls on a weekend or holiday', () => {
  test('moves to the next working day and names every day that it passed over', () => {
    expect(shiftDueDate(on('2026-02-28'), shift('next'), calendar)).toEqual({
      dueDate: '2026-03-03',
      moves: [
        past('2026-02-28', 'Saturday', 'WEEKEND'),
        past('2026-03-01', 'Sunday', 'WEEKEND'),
        past('2026-03-02', 'Labour Day (X)'),
      ],
    })
    expect(shiftDueDate(on('2026-04-03'), shift('next'), calendar)).toEqual({
      dueDate: '2026-04-07',
      moves: [
        past('2026-04-03', 'Good Friday (X)'),
        past('2026-04-04', 'Saturday', 'WEEKEND'),
        past('2026-04-05', 'Sunday', 'WEEKEND'),
        past('2026-04-06', 'Easter Monday (X)'),
      ],
    })
  })

  test('moves to the previous working day', () => {
    expect(shiftDueDate(on('2026-04-06'), shift('previous'), calendar)).toEqual({
      dueDate: '2026-04-02',
      moves: [
        past('2026-04-06', 'Easter Monday (X)'),
        past('2026-04-05', 'Sunday', 'WEEKEND'),
        past('2026-04-04', 'Saturday', 'WEEKEND'),
        past('2026-04-03', 'Good Friday (X)'),
      ],
    })
  })

  test('stays where nothing moves it', () => {
    const stays = { dueDate: '2026-02-28', moves: [] }
    expect(shiftDueDate(on('2026-02-28'), shift('none', false), calendar)).toEqual(stays)
    expect(shiftDueDate(on('2026-02-28'), shift('next', false), calendar)).toEqual(stays)
  })

  test('has no reason when it is a working day', () => {
    const plain = { dueDate: '2026-03-04', moves: [] }
    expect(shiftDueDate(on('2026-03-04'), shift('next'), calendar)).toEqual(plain)
  })
})

describe('counting business days', () => {
  test('the statutory date leaves out weekends alone, the due date holidays too', () => {
    const anchor = on('2026-02-28', 3)
    expect(statutoryDate(anchor)).toBe('2026-03-04')
    expect(shiftDueDate(anchor, shift('businessDayCount'), calendar)).toEqual({
      dueDate: '2026-03-05',
      moves: [past('2026-03-02', 'Labour Day (X)')],
    })
  })

  test('another convention counts weekdays and then moves', () => {
    const anchor = on('2026-03-30', 4)
    expect(statutoryDate(anchor)).toBe('2026-04-03')
    expect(shiftDueDate(anchor, shift('next'), calendar)?.dueDate).toBe('2026-04-07')
  })
})

describe('moves', () => {
  test('say which holiday is expected only', () => {
    const expected: HolidayCalendar = {
      ...calendar,
      holidays: new Map([
        [toEpochDay('2026-06-15'), { name: "King's Birthday (X)", provisional: true }],
      ]),
    }
    const moved = shiftDueDate(on('2026-06-13'), shift('next'), expected)
    expect(moved?.moves.map(({ provisional }) => provisional)).toEqual([false, false, true])
  })

  test('are told in words: a weekend in one piece, each holiday by its name', () => {
    const words = (date: string, convention: ShiftRule['convention']) => {
      return movesInWords(shiftDueDate(on(date), shift(convention), calendar)?.moves ?? [])
    }
    expect(words('2026-02-28', 'next')).toBe(
      'weekend, Saturday 2026-02-28 and Sunday 2026-03-01; Labour Day (X), Monday 2026-03-02',
    )
    expect(words('2026-03-01', 'next')).toBe(
      'weekend, Sunday 2026-03-01; Labour Day (X), Monday 2026-03-02',
    )
    expect(words('2026-04-05', 'previous')).toBe(
      'weekend, Sunday 2026-04-05 and Saturday 2026-04-04; Good Friday (X), Friday 2026-04-03',
    )
    expect(words('2026-03-04', 'next')).toBeNull()
    const change = {
      kind: 'CHANGE',
      date: null,
      name: 'announced: floods',
      calendar: null,
    } as const
    expect(movesInWords([{ ...change, provisional: false }])).toBe('announced: floods')
  })
})

describe('a day that the calendar does not cover', () => {
  test('makes a date unknown, before and after', () => {
    expect(shiftDueDate(on('2027-01-04'), shift('next'), calendar)).toBeUndefined()
    expect(shiftDueDate(on('2025-12-31'), shift('previous'), calendar)).toBeUndefined()
    expect(shiftDueDate(on('2026-12-31', 1), shift('businessDayCount'), calendar)).toBeUndefined()
  })

  test('does no harm as a weekend or where nothing shifts', () => {
    const early: HolidayCalendar = {
      ...calendar,
      covers: { from: toEpochDay('2026-03-01'), to: toEpochDay('2026-12-31') },
    }
    expect(shiftDueDate(on('2026-02-28'), shift('next'), early)?.dueDate).toBe('2026-03-03')
    expect(shiftDueDate(on('2030-01-05'), shift('none'), early)?.dueDate).toBe('2030-01-05')
  })
})

test('whatever the date, next and previous find the nearest working day and jump over none', () => {
  const isWorking = (day: number) => !isWeekend(day) && !calendar.holidays.has(day)
  const days = fc.integer({ min: toEpochDay('2026-01-10'), max: toEpochDay('2026-12-20') })
  fc.assert(
    fc.property(days, fc.constantFrom('next', 'previous'), (day, convention) => {
      const moved = shiftDueDate(on(fromEpochDay(day)), shift(convention), calendar)
      const due = toEpochDay(moved?.dueDate ?? '')
      expect(isWorking(due)).toBe(true)
      expect(convention === 'next' ? due >= day : due <= day).toBe(true)
      const [low, high] = due < day ? [due + 1, day] : [day, due - 1]
      for (let between = low; between <= high; between++) expect(isWorking(between)).toBe(false)
      expect(moved?.moves.length === 0).toBe(due === day)
    }),
  )
})
