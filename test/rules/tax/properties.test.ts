import { describe, expect, test } from 'vitest'
import type { TaxDate } from '../../../src/rules/tax/tax-dates.ts'
import { dayOf, isoOf, step } from './naive-periods.ts'
import { naiveDates, toldByBoth, wallCalendar } from './naive-reckoning.ts'
import { fromRules, shipped } from './shipped-data.ts'
import { calendarOf, everyMonth, failing, ruleOf, rules, walk } from './shipped-walk.ts'

/** What must hold of every date of every rule in all the years covered, whatever the data say. */

const { years, calendars } = fromRules
const all = walk(fromRules, everyMonth)
const byDefault = walk(fromRules)
const withChanges = walk(shipped, everyMonth)
const byRule = Map.groupBy(all, ({ obligation }) => obligation.id)

describe('every date of all rules', () => {
  test('is there to be walked over', () => {
    expect(rules).toHaveLength(218)
    expect(all.length).toBeGreaterThan(750 * (years.last - years.first + 1))
    expect(withChanges.length).toBeGreaterThan(all.length - 50)
  })

  test('is the one that a finger on a wall calendar finds', () => {
    for (const rule of rules) {
      const found = (byRule.get(rule.id) ?? []).map(toldByBoth)
      expect(found, rule.id).toEqual(naiveDates(rule, years, calendars))
    }
  })

  test('lies on the side of the statutory date to which the rule moves', () => {
    const holds = (date: TaxDate) => {
      const { statutoryDate, dueDate } = date
      switch (ruleOf(date).shift.convention) {
        case 'next':
        case 'businessDayCount':
          return dueDate >= statutoryDate
        case 'previous':
          return dueDate <= statutoryDate
        case 'none':
          return dueDate === statutoryDate
      }
    }
    expect(failing(all, holds)).toEqual([])
  })

  test('is a working day of its calendar, and no working day was jumped over', () => {
    const holds = (date: TaxDate) => {
      const { convention, weekends } = ruleOf(date).shift
      if (convention === 'none') return true
      const isOpen = wallCalendar(calendarOf(date), calendars)
      const due = dayOf(date.dueDate)
      if (!isOpen(due, weekends)) return false
      if (convention === 'businessDayCount') return true
      const direction = convention === 'next' ? -1 : 1
      for (let day = due; isoOf(day) !== date.statutoryDate; day = step(day, direction)) {
        if (isOpen(step(day, direction), weekends)) return false
      }
      return true
    }
    expect(failing(all, holds)).toEqual([])
  })

  test('is paid earlier only on a working day, and then says why', () => {
    const holds = (date: TaxDate) => {
      const { payBy, payByReason, dueDate } = date
      const shift = ruleOf(date).paymentShift
      if (payBy === null) return payByReason === null
      if (!shift || payBy >= dueDate || !payByReason?.endsWith(`; ${shift.appliesTo}`)) return false
      return wallCalendar(shift.calendar, calendars)(dayOf(payBy), shift.weekends)
    }
    expect(failing(all, holds)).toEqual([])
    expect(failing(withChanges, ({ payBy, dueDate }) => payBy === null || payBy < dueDate)).toEqual(
      [],
    )
  })

  test('is the only one of its obligation, period and region, with an id of its own', () => {
    for (const dates of [all, withChanges]) {
      const keys = dates.map(({ obligation, periodEnd, region }) =>
        [obligation.id, periodEnd, region].join(' '),
      )
      expect(new Set(keys).size).toBe(dates.length)
      expect(new Set(dates.map(({ id }) => id)).size).toBe(dates.length)
    }
  })

  test('stands for a region only where that region has another day than the rest', () => {
    const national = new Map(all.map((date) => [date.id, date]))
    const holds = (date: TaxDate) => {
      if (date.region === ruleOf(date).region) return true
      const own = national.get(`${date.obligation.id}:${date.periodEnd}`)
      return own !== undefined && own.dueDate !== date.dueDate
    }
    expect(failing(all, holds)).toEqual([])
    expect(all.filter(({ id }) => id.endsWith(':US-MA')).length).toBeGreaterThan(0)
  })
})

describe('the periods of a rule', () => {
  test('do not overlap, and adjoin where the rule leaves none out', () => {
    for (const rule of rules) {
      const { period } = rule
      const gapless =
        !('half' in period || 'skipEndMonths' in period || 'onlyEndMonths' in period) &&
        !(period.type === 'sixMonth' && period.endMonths?.length !== 2) &&
        !(period.type === 'calendarMonth' && 'endMonths' in period) &&
        rule.due.anchor !== 'announced'
      const own = byDefault.filter((date) => {
        return date.obligation.id === rule.id && date.region === rule.region
      })
      const inOrder = own.toSorted((a, b) => (a.periodEnd < b.periodEnd ? -1 : 1))
      for (const [index, { id, periodStart, periodEnd }] of inOrder.entries()) {
        expect(periodStart <= periodEnd, id).toBe(true)
        const next = inOrder[index + 1]
        if (!next) continue
        const dayAfter = isoOf(step(dayOf(periodEnd), 1))
        if (gapless) expect(next.periodStart, next.id).toBe(dayAfter)
        else expect(next.periodStart >= dayAfter, next.id).toBe(true)
      }
    }
  })

  test('lie within the time in which the rule held', () => {
    const holds = (date: TaxDate) => {
      const { validFrom, validTo } = ruleOf(date)
      return date.periodStart >= (validFrom ?? '') && date.periodEnd <= (validTo ?? '9999')
    }
    expect(failing(all, holds)).toEqual([])
  })

  test('have a date in every year, but where none was announced or the rule did not hold', () => {
    for (const rule of rules) {
      if (rule.due.anchor === 'announced' || rule.due.anchor === 'event') continue
      const seen = (byRule.get(rule.id) ?? []).map(({ dueDate }) => Number(dueDate.slice(0, 4)))
      const from = rule.validFrom ? Number(rule.validFrom.slice(0, 4)) + 2 : years.first
      const to = rule.validTo ? Number(rule.validTo.slice(0, 4)) : years.last
      const missing: number[] = []
      for (let year = Math.max(from, years.first); year <= Math.min(to, years.last); year++) {
        if (!seen.includes(year)) missing.push(year)
      }
      expect(missing, rule.id).toEqual([])
    }
  })

  test('have the announced dates alone where a rule says that they are announced', () => {
    for (const { id, due } of rules) {
      if (due.anchor !== 'announced') continue
      const found = (byRule.get(id) ?? []).map((date) => [date.periodEnd, date.statutoryDate])
      const listed = Object.entries(due.dates).filter(([, date]) => {
        return date >= `${years.first}-01-01` && date <= `${years.last}-12-31`
      })
      expect(found, id).toEqual(listed.toSorted(([, a], [, b]) => (a < b ? -1 : 1)))
    }
  })

  test('of free year ends are listed once a year, and for each month when asked', () => {
    const listed = new Set(byDefault.map(({ id }) => id))
    for (const { id, period, periodNote } of rules) {
      const dates = byRule.get(id) ?? []
      if (period.type !== 'year' || !periodNote) {
        expect(
          dates.every((date) => listed.has(date.id)),
          id,
        ).toBe(true)
        continue
      }
      const shown = dates.filter((date) => listed.has(date.id))
      const ends = new Set(shown.map(({ periodEnd }) => Number(periodEnd.slice(5, 7))))
      expect([...ends], id).toEqual([period.endMonth])
      expect(new Set(dates.map(({ periodEnd }) => periodEnd.slice(5, 7))).size, id).toBe(12)
    }
  })
})
