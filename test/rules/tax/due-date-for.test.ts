import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BadInput } from '../../../src/rules/bad-input.ts'
import { dueDateFor } from '../../../src/rules/tax/due-date-for.ts'
import { listObligations } from '../../../src/rules/tax/list-obligations.ts'
import type { Calendars } from '../../../src/rules/tax/tax-dates.ts'
import type { TaxRule } from '../../../src/rules/tax/tax-rule.ts'
import { anyCalendars, anyEventRule, anyYears, dataOf } from './any-rule.ts'
import { dayOf, isoOf, step } from './naive-periods.ts'
import { countDays, naiveShift, wallCalendar } from './naive-reckoning.ts'
import { allTaxDates, shipped } from './shipped-data.ts'

const superFor = (eventDate: string) => {
  return dueDateFor(shipped, { obligationId: 'au-payday-super', eventDate })
}
const refusal = (obligationId: string, eventDate: string, data = shipped): string => {
  try {
    dueDateFor(data, { obligationId, eventDate })
  } catch (error) {
    if (error instanceof BadInput) return error.message
    throw error
  }
  throw new Error('was not refused')
}

describe('Payday Super', () => {
  // Counted by hand on a wall calendar with the holidays of all States and Territories.
  test.each([
    ['a Thursday without holidays ahead', '2026-07-02', '2026-07-13', '2026-07-30'],
    ['the first day of the law', '2026-07-01', '2026-07-10', '2026-07-29'],
    ['a Sunday counts from Monday', '2026-07-05', '2026-07-14', '2026-07-31'],
    ['over Christmas and New Year', '2026-12-17', '2026-12-30', '2027-01-19'],
    ['on Christmas Day itself', '2026-12-25', '2027-01-07', '2027-01-27'],
    ['over Easter', '2027-03-24', '2027-04-06', '2027-04-23'],
    ['a holiday of one State counts for all', '2026-09-24', '2026-10-08', '2026-10-27'],
  ])('%s', (_name, payday, dueDate, newEmployee) => {
    const answer = superFor(payday)
    expect(answer.dueDate).toBe(dueDate)
    expect(answer.variants.map((variant) => [variant.when, variant.dueDate])).toEqual([
      ['new employee or new fund', newEmployee],
      ['exceptional-circumstances determination', newEmployee],
    ])
  })

  test('tells what it counted, and which holidays lengthened the count', () => {
    const answer = superFor('2026-12-17')
    expect(answer).toMatchObject({
      eventDate: '2026-12-17',
      businessDays: 7,
      statutoryDate: '2026-12-28',
      dueDate: '2026-12-30',
      payBy: null,
      payByReason: null,
      provisional: false,
    })
    expect(answer.movedBy.map(({ kind, date }) => [kind, date])).toEqual([
      ['HOLIDAY', '2026-12-25'],
      ['HOLIDAY', '2026-12-28'],
    ])
    expect(answer.shiftedBy).toMatch(/Christmas Day .*2026-12-25; .*Proclamation Day \(SA\)/)
    expect(answer.variants[0]).toMatchObject({ businessDays: 20, statutoryDate: '2027-01-14' })
    expect(answer.obligation).toMatchObject({ id: 'au-payday-super', event: 'payday (QE day)' })
    expect(answer.obligation.rule).toMatch(/out-of-cycle pay/)
    expect(superFor('2026-07-02')).toMatchObject({ shiftedBy: null, movedBy: [] })
  })

  test('every payday of the years covered is due when a finger on the calendar says so', () => {
    const isOpen = wallCalendar('AU-ANY', shipped.calendars)
    const last = dayOf(`${shipped.years.last}-11-15`)
    let seen = 0
    for (let day = dayOf('2026-07-01'); day <= last; day = step(day, 1)) {
      const answer = superFor(isoOf(day))
      const counted = (count: number) => isoOf(countDays(day, count, (next) => isOpen(next, true)))
      expect(answer.dueDate).toBe(counted(7))
      expect(answer.variants.map(({ dueDate }) => dueDate)).toEqual([counted(20), counted(20)])
      expect(answer.shiftedBy === null).toBe(answer.statutoryDate === answer.dueDate)
      seen += 1
    }
    expect(seen).toBeGreaterThan(500)
  })
})

describe('what cannot be answered is refused', () => {
  const beyond = `${shipped.years.last + 1}-01-05`

  test.each([
    ['an unknown obligation', 'au-nope', '2026-07-02', /^obligationId: au-nope is unknown$/],
    ['an inherited name', 'constructor', '2026-07-02', /constructor is unknown/],
    ['one with periods', 'au-bas-m', '2026-07-02', /au-bas-m has dates of its own: ask taxDates/],
    ['a day before the law', 'au-payday-super', '2026-06-30', /holds from 2026-07-01 on/],
    ['a year that is not covered', 'au-payday-super', beyond, /outside the years covered/],
    ['a year long past', 'au-payday-super', '1999-12-31', /outside the years covered/],
    ['no date', 'au-payday-super', '2026-02-30', /eventDate: 2026-02-30 is not a date/],
  ])('%s', (_name, obligationId, eventDate, message) => {
    expect(refusal(obligationId, eventDate)).toMatch(message)
  })

  test('a day after the law ended, and not its last one', () => {
    const superannuation = shipped.countries.get('AU')?.rules.get('au-payday-super')
    if (superannuation === undefined) throw new Error('no rule')
    const rule: TaxRule = {
      ...superannuation,
      ...{ id: 'us-x', validFrom: '2025-03-03', validTo: '2025-03-05' },
      shift: { ...superannuation.shift, calendar: 'NONE' },
    }
    const data = dataOf(rule, shipped.calendars)
    const due = (eventDate: string) => dueDateFor(data, { obligationId: 'us-x', eventDate }).dueDate
    expect([due('2025-03-03'), due('2025-03-05')]).toEqual(['2025-03-12', '2025-03-14'])
    expect(refusal('us-x', '2025-03-02', data)).toMatch(/us-x holds from 2025-03-03 on/)
    expect(refusal('us-x', '2025-03-06', data)).toMatch(/us-x held until 2025-03-05/)
  })

  test('a count that leads beyond the last year covered', () => {
    expect(refusal('au-payday-super', `${shipped.years.last}-12-30`)).toMatch(
      /7 business days after .* lead beyond the years covered/,
    )
  })
})

test('an event has no dates in taxDates, and its obligation says what to ask for', () => {
  for (const [country, { rules }] of shipped.countries) {
    for (const { id, event } of listObligations(shipped, { country })) {
      expect(event !== null).toBe(rules.get(id)?.due.anchor === 'event')
      if (event === null) continue
      expect(allTaxDates({ country, year: 2026, obligationIds: [id] })).toEqual([])
    }
  }
})

test('any rule of an event counts as a finger on the calendar does, or says why not', () => {
  const days = fc
    .date({ min: new Date('2022-06-01'), max: new Date('2026-06-01'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10))
  fc.assert(
    fc.property(anyEventRule, anyCalendars, days, (rule, calendars, eventDate) => {
      const data = dataOf(rule, calendars)
      const expected = naiveAnswer(rule, eventDate, calendars)
      if (expected === undefined) {
        expect(refusal(rule.id, eventDate, data)).toMatch(/^eventDate: /)
        return
      }
      const { dueDate, payBy, statutoryDate, variants } = dueDateFor(data, {
        obligationId: rule.id,
        eventDate,
      })
      expect([
        { statutoryDate, dueDate, payBy },
        ...variants.map((variant) => ({
          statutoryDate: variant.statutoryDate,
          dueDate: variant.dueDate,
          payBy: variant.payBy,
        })),
      ]).toEqual(expected)
    }),
    { numRuns: 1_000 },
  )
})

function naiveAnswer(rule: TaxRule, event: string, calendars: Calendars) {
  const covered = event >= `${anyYears.first}-01-01` && event <= `${anyYears.last}-12-31`
  const held = event >= (rule.validFrom ?? event) && event <= (rule.validTo ?? event)
  if (!covered || !held || rule.due.anchor !== 'event') return undefined
  const counts = [
    rule.due.addBusinessDays ?? 0,
    ...(rule.variants ?? []).map(({ addBusinessDays }) => addBusinessDays),
  ]
  const dates = counts.flatMap((businessDays) => {
    return naiveShift(rule, { day: dayOf(event), businessDays }, calendars) ?? []
  })
  const known = dates.filter(({ dueDate }) => dueDate <= `${anyYears.last}-12-31`)
  return known.length === counts.length ? known : undefined
}
