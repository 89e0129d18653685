import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { buildCalendars } from '../../../src/rules/tax/build-calendars.ts'
import { calendarsFileSchema } from '../../../src/rules/tax/holiday-calendar.ts'
import { listObligations } from '../../../src/rules/tax/list-obligations.ts'
import { shiftDueDate } from '../../../src/rules/tax/shift.ts'
import { allTaxDates, dateFor, datesOf, shipped, shippedDirectory } from './shipped-data.ts'

const calendars = buildCalendars(
  calendarsFileSchema.parse(
    JSON.parse(readFileSync(join(shippedDirectory, 'calendars.json'), 'utf8')),
  ),
  [],
)
const ruleOf = (id: string) => {
  const country = id.slice(0, 2).toUpperCase()
  return listObligations(shipped, { country }).find((obligation) => obligation.id === id)?.rule
}
const federal = {
  convention: 'next',
  weekends: true,
  calendar: 'AU-NSW',
  appliesTo: 'all',
} as const

describe('Australia', () => {
  test('BAS for December 2025: Saturday, Sunday, then Labour Day in Western Australia', () => {
    const date = dateFor('au-bas-q-self', '2025-12-31')
    expect(date).toMatchObject({ statutoryDate: '2026-02-28', dueDate: '2026-03-03', region: null })
    expect(date.shiftedBy).toBe(
      'weekend, Saturday 2026-02-28 and Sunday 2026-03-01; Labour Day (WA), Monday 2026-03-02',
    )
  })

  test("agents' 26 May 2024 becomes 28 May: Reconciliation Day in the ACT", () => {
    const date = dateFor('au-bas-q-agent', '2024-03-31')
    expect(date).toMatchObject({ statutoryDate: '2024-05-26', dueDate: '2024-05-28' })
    expect(date.shiftedBy).toContain('Reconciliation Day (ACT)')
  })

  test('17 dates of 2024 to 2027 differ from those of a New South Wales calendar', () => {
    const newSouthWales = calendars.get('AU-NSW')
    if (newSouthWales === undefined) throw new Error('no calendar')
    const differing = allTaxDates({ country: 'AU', from: '2024-01-01', to: '2027-12-31' })
      .filter(({ obligation }) => obligation.region === null)
      .filter(({ statutoryDate, dueDate }) => {
        const anchor = { date: statutoryDate, businessDays: 0 }
        return shiftDueDate(anchor, federal, newSouthWales)?.dueDate !== dueDate
      })
    expect(differing).toHaveLength(17)
  })

  test('the concessions of BAS end with the December quarter', () => {
    expect(dateFor('au-bas-q-agent', '2025-06-30').statutoryDate).toBe('2025-08-25')
    expect(dateFor('au-bas-q-online', '2025-06-30').statutoryDate).toBe('2025-08-11')
    expect(dateFor('au-bas-q-agent', '2024-12-31').statutoryDate).toBe('2025-02-28')
    expect(dateFor('au-bas-q-online', '2024-12-31').statutoryDate).toBe('2025-02-28')
  })

  test('the last quarterly super date is 28 July 2026; Payday Super has no dates of its own', () => {
    expect(datesOf('au-sg-q').at(-1)).toMatchObject({
      periodEnd: '2026-06-30',
      dueDate: '2026-07-28',
    })
    expect(datesOf('au-sgc-q').at(-1)?.periodEnd).toBe('2026-06-30')
    expect(datesOf('au-payday-super')).toEqual([])
    expect(ruleOf('au-payday-super')).toMatch(/within 7 business days after payday/)
    expect(ruleOf('au-payday-super')).toMatch(/new employee or new fund: 20 business days/)
    expect(ruleOf('au-payday-super')).toMatch(/exceptional-circumstances determination: 20/)
  })

  test('payroll tax has no June month, a later December, and follows its own State', () => {
    const ends = datesOf('au-nsw-payroll-m').map(({ periodEnd }) => periodEnd.slice(5, 7))
    expect(ends).not.toContain('06')
    expect(dateFor('au-nsw-payroll-m', '2025-12-31').statutoryDate).toBe('2026-01-14')
    expect(dateFor('au-act-payroll-m', '2025-12-31').statutoryDate).toBe('2026-01-14')
    expect(dateFor('au-vic-payroll-m', '2025-12-31').statutoryDate).toBe('2026-01-07')
    // 6 October 2025: Labour Day in New South Wales. 3 November 2026 moves nobody outside Victoria.
    expect(dateFor('au-nsw-payroll-m', '2025-09-30')).toMatchObject({
      dueDate: '2025-10-07',
      region: 'AU-NSW',
    })
  })

  test('the December month of an agent is one period a year', () => {
    expect(datesOf('au-bas-dec-agent').map(({ periodEnd }) => periodEnd.slice(5))).toEqual(
      Array(5).fill('12-31'),
    )
    expect(dateFor('au-bas-dec-agent', '2025-12-31').dueDate).toBe('2026-02-23')
  })
})

describe('New Zealand', () => {
  test('periods to 30 November fall on 15 January, to 31 March on 7 May', () => {
    expect(dateFor('nz-gst-m', '2025-11-30').statutoryDate).toBe('2026-01-15')
    expect(dateFor('nz-gst-m', '2025-03-31').dueDate).toBe('2025-05-07')
    expect(dateFor('nz-gst-m', '2025-12-31').dueDate).toBe('2026-01-28')
    expect(dateFor('nz-gst-2m-odd', '2025-11-30').statutoryDate).toBe('2026-01-15')
    expect(dateFor('nz-gst-6m', '2026-03-31').dueDate).toBe('2026-05-07')
    expect(dateFor('nz-gst-6m', '2025-09-30').dueDate).toBe('2025-10-28')
  })

  test('the second half of December is paid by 15 January, of March after Easter', () => {
    expect(dateFor('nz-paye-large-2', '2025-12-31').dueDate).toBe('2026-01-15')
    expect(dateFor('nz-paye-large-2', '2026-03-31')).toMatchObject({
      periodStart: '2026-03-16',
      statutoryDate: '2026-04-05',
      dueDate: '2026-04-07',
    })
    expect(dateFor('nz-paye-large-1', '2026-02-15').dueDate).toBe('2026-02-20')
  })

  test('provisional tax lies inside its year, FBT of March on 31 May', () => {
    expect(dateFor('nz-prov-1', '2026-03-31').dueDate).toBe('2025-08-28')
    expect(dateFor('nz-prov-2', '2026-03-31').dueDate).toBe('2026-01-15')
    expect(dateFor('nz-fbt-q', '2025-03-31').statutoryDate).toBe('2025-05-31')
  })
})
