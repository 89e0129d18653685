import { describe, expect, test } from 'vitest'
import type { TaxDate } from '../../../src/rules/tax/tax-dates.ts'
import { dayOf, isoOf, isWeekendDay, step } from './naive-periods.ts'
import { dateFor, fromRules, shipped } from './shipped-data.ts'
import { calendarOf, everyMonth, failing, ruleOf, walk } from './shipped-walk.ts'

/** What is told of a date: which days moved it, and by which calendar. */

const { calendars } = fromRules
const all = walk(fromRules, everyMonth)
const withChanges = walk(shipped, everyMonth)

describe('what moved a date', () => {
  test('is told exactly where it was moved', () => {
    const holds = ({ statutoryDate, dueDate, shiftedBy, movedBy }: TaxDate) => {
      const moved = statutoryDate !== dueDate
      return (shiftedBy !== null) === moved && movedBy.length > 0 === moved
    }
    expect(failing(all, holds)).toEqual([])
    expect(failing(withChanges, holds)).toEqual([])
  })

  test('are the days passed over, each by its name, with the calendar that has it', () => {
    const holds = (date: TaxDate) => {
      const calendar = calendars.get(calendarOf(date))
      return date.movedBy.every((move) => {
        if (move.date === null || move.calendar?.name !== calendar?.name) return false
        const day = dayOf(move.date)
        const holiday = calendar?.holidays.get(day.getTime() / 86_400_000)
        if (move.kind === 'HOLIDAY') {
          return move.name === holiday?.name && move.provisional === holiday.provisional
        }
        const weekday = day.toLocaleDateString('en', { weekday: 'long', timeZone: 'UTC' })
        return move.kind === 'WEEKEND' && move.name === weekday && !move.provisional
      })
    }
    expect(failing(all, holds)).toEqual([])
  })

  test('leads from the statutory date to the due date without a gap', () => {
    const holds = (date: TaxDate) => {
      const { convention } = ruleOf(date).shift
      if (convention === 'businessDayCount' || date.movedBy.length === 0) return true
      const direction = convention === 'next' ? 1 : -1
      const days = date.movedBy.map((_, index) =>
        isoOf(step(dayOf(date.statutoryDate), index * direction)),
      )
      const after = step(dayOf(date.statutoryDate), days.length * direction)
      return (
        days.every((day, index) => date.movedBy[index]?.date === day) &&
        isoOf(after) === date.dueDate
      )
    }
    expect(failing(all, holds)).toEqual([])
  })

  test('is provisional exactly where a holiday is expected only', () => {
    const isExpected = (calendar: string, day: string) => {
      // A holiday on a weekend moves nothing that the weekend does not move.
      if (isWeekendDay(dayOf(day))) return false
      return calendars.get(calendar)?.holidays.get(dayOf(day).getTime() / 86_400_000)?.provisional
    }
    const holds = (date: TaxDate) => {
      const { paymentShift } = ruleOf(date)
      let expected = date.movedBy.some(({ provisional }) => provisional)
      if (date.payBy !== null && paymentShift) {
        for (let day = date.dueDate; day > date.payBy; day = isoOf(step(dayOf(day), -1))) {
          expected ||= isExpected(paymentShift.calendar, day) === true
        }
      }
      return date.provisional === expected
    }
    expect(failing(all, holds)).toEqual([])
    expect(all.some(({ provisional }) => provisional)).toBe(true)
    const near = all.filter(({ dueDate }) => dueDate >= '2023-01-01' && dueDate <= '2027-12-31')
    expect(failing(near, ({ provisional }) => !provisional)).toEqual([])
  })

  test('by announcement, names what was announced and no day', () => {
    const announced = withChanges.filter(({ movedBy }) =>
      movedBy.some(({ kind }) => kind === 'CHANGE'),
    )
    expect(announced.length).toBeGreaterThan(0)
    for (const { shiftedBy, movedBy, changes } of announced) {
      expect(movedBy).toHaveLength(1)
      expect(movedBy[0]).toMatchObject({ date: null, calendar: null, provisional: false })
      expect(shiftedBy).toBe(movedBy[0]?.name)
      expect(changes.map(({ reason }) => `announced: ${reason}`)).toContain(shiftedBy)
    }
  })
})

describe('of one date it tells', () => {
  const told = (id: string, periodEnd: string, region?: string) => {
    const date = dateFor(id, periodEnd, region)
    return date.movedBy.map((move) => [move.kind, move.date, move.name, move.calendar?.name])
  }
  const anyState = 'Australia, any State or Territory'
  const columbia = 'District of Columbia'

  test('a weekend alone', () => {
    expect(told('au-bas-m', '2025-05-31')).toEqual([
      ['WEEKEND', '2025-06-21', 'Saturday', anyState],
      ['WEEKEND', '2025-06-22', 'Sunday', anyState],
    ])
  })

  test('a holiday alone', () => {
    expect(told('au-bas-m', '2025-03-31')).toEqual([
      ['HOLIDAY', '2025-04-21', 'Easter Monday (every State and Territory)', anyState],
    ])
  })

  test('a weekend and the holiday of one State: 3 March 2026', () => {
    expect(told('au-bas-q-self', '2025-12-31')).toEqual([
      ['WEEKEND', '2026-02-28', 'Saturday', anyState],
      ['WEEKEND', '2026-03-01', 'Sunday', anyState],
      ['HOLIDAY', '2026-03-02', 'Labour Day (WA)', anyState],
    ])
  })

  test('days before, in the order in which they were passed over', () => {
    expect(told('za-vat-manual', '2025-11-30')).toEqual([
      ['HOLIDAY', '2025-12-25', 'Christmas Day (South Africa)', 'South Africa'],
    ])
    expect(told('gb-vat-poa', '2027-05-31').map(([kind, date]) => [kind, date])).toEqual([
      ['HOLIDAY', '2027-05-31'],
      ['WEEKEND', '2027-05-30'],
      ['WEEKEND', '2027-05-29'],
    ])
  })

  test('the holidays that lengthened a count of business days, and no weekends', () => {
    expect(told('us-941-semi', '2026-06-30')).toEqual([
      ['HOLIDAY', '2026-07-03', expect.stringContaining('Independence Day'), columbia],
    ])
  })

  test("a region's own holiday, by the region's own calendar", () => {
    const maine = `${columbia} or Massachusetts`
    expect(told('us-1040', '2023-12-31')).toEqual([])
    expect(told('us-1040', '2023-12-31', 'US-ME')).toEqual([
      ['HOLIDAY', '2024-04-15', `Patriots' Day (${maine})`, maine],
      ['HOLIDAY', '2024-04-16', `Emancipation Day (${maine})`, maine],
    ])
  })

  test('what was announced, in place of the days', () => {
    const date = dateFor('hk-pt-d', '2024-12-31')
    expect(date).toMatchObject({ statutoryDate: '2025-08-15', dueDate: '2025-08-29' })
    expect(told('hk-pt-d', '2024-12-31')).toEqual([['CHANGE', null, date.shiftedBy, undefined]])
    expect(date.shiftedBy).toMatch(/^announced: /)
  })

  test('nothing where nothing moved, and why to pay earlier all the same', () => {
    const date = dateFor('gb-sa-balance', '2025-04-05')
    expect(date).toMatchObject({ movedBy: [], shiftedBy: null, dueDate: '2026-01-31' })
    expect(date.payByReason).toBe(
      'weekend, Saturday 2026-01-31; payment only; Faster Payments may arrive on the day itself',
    )
    expect(dateFor('gb-vat', '2026-03-31')).toMatchObject({
      dueDate: '2026-05-07',
      payBy: null,
      payByReason: null,
    })
  })

  test('that a holiday is expected only, also where it moves the payment alone', () => {
    const withId = (wanted: string) => all.find(({ id }) => id === wanted)
    const moved = withId('au-bas-q-agent:2029-03-31')
    expect(moved).toMatchObject({ dueDate: '2029-05-29', provisional: true })
    expect(moved?.movedBy.map(({ name, provisional }) => [name, provisional])).toEqual([
      ['Saturday', false],
      ['Sunday', false],
      ['Reconciliation Day (ACT)', true],
    ])
    expect(withId('gb-ct-pay:2028-06-30')).toMatchObject({
      dueDate: '2029-04-01',
      movedBy: [],
      payBy: '2029-03-29',
      provisional: true,
    })
  })
})
