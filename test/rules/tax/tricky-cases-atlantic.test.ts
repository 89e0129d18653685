import { describe, expect, test } from 'vitest'
import { listObligations } from '../../../src/rules/tax/list-obligations.ts'
import { dateFor, datesOf, shipped } from './shipped-data.ts'

const ruleOf = (id: string) => {
  const country = id.slice(0, 2).toUpperCase()
  return listObligations(shipped, { country }).find((obligation) => obligation.id === id)?.rule
}
describe('United Kingdom', () => {
  test('Self Assessment stays on Saturday 31 January 2026, payment arrives on Friday', () => {
    expect(dateFor('gb-sa-online', '2025-04-05')).toMatchObject({
      statutoryDate: '2026-01-31',
      dueDate: '2026-01-31',
      payBy: null,
      shiftedBy: null,
    })
    const balance = dateFor('gb-sa-balance', '2025-04-05')
    expect(balance).toMatchObject({ dueDate: '2026-01-31', payBy: '2026-01-30', shiftedBy: null })
    expect(balance.payByReason).toMatch(/Saturday 2026-01-31/)
    expect(balance.payByReason).toMatch(
      /payment only; Faster Payments may arrive on the day itself/,
    )
  })

  test('VAT is not moved either; a quarterly filer takes the months of its stagger', () => {
    expect(dateFor('gb-vat', '2025-10-31')).toMatchObject({
      statutoryDate: '2025-12-07',
      dueDate: '2025-12-07',
      payBy: '2025-12-05',
    })
    const stagger = datesOf('gb-vat', { periodEndMonths: [1, 4, 7, 10], from: '2026-01-01' })
    expect(stagger.slice(0, 4).map(({ dueDate }) => dueDate)).toEqual([
      '2026-03-07',
      '2026-06-07',
      '2026-09-07',
      '2026-12-07',
    ])
    expect(ruleOf('gb-vat')).toMatch(/a quarterly filer uses the month ends of its stagger/)
  })

  test('payBy before New Year 2023 is known, because the calendar reaches back', () => {
    expect(dateFor('gb-ct-pay', '2022-03-31')).toMatchObject({
      dueDate: '2023-01-01',
      payBy: '2022-12-30',
    })
  })

  test('payments on account fall on the last working day', () => {
    expect(dateFor('gb-vat-poa', '2026-05-31')).toMatchObject({
      statutoryDate: '2026-05-31',
      dueDate: '2026-05-29',
    })
    expect(dateFor('gb-vat-poa', '2026-05-31').shiftedBy).toMatch(/weekend, Sunday 2026-05-31/)
    expect(dateFor('gb-vat-poa', '2027-05-31').shiftedBy).toMatch(/Spring bank holiday/)
  })

  test('tax months and quarters run from the 6th to the 5th', () => {
    expect(dateFor('gb-paye-e', '2026-01-05')).toMatchObject({
      periodStart: '2025-12-06',
      dueDate: '2026-01-22',
    })
    expect(dateFor('gb-p46car', '2026-01-05').dueDate).toBe('2026-02-02')
  })

  test('MTD begins with the quarter from 6 April 2026 and falls on the 7th', () => {
    const dates = datesOf('gb-mtd-it')
    expect(dates[0]).toMatchObject({ periodStart: '2026-04-06', dueDate: '2026-08-07' })
    expect(dates.slice(0, 4).map(({ dueDate }) => dueDate)).toEqual([
      '2026-08-07',
      '2026-11-07',
      '2027-02-07',
      '2027-05-07',
    ])
  })

  test('Corporation Tax: nine months and a day, instalments in the middle of the period', () => {
    expect(dateFor('gb-ct-pay', '2025-04-30').dueDate).toBe('2026-02-01')
    expect(dateFor('gb-ct-large-1', '2025-07-31').dueDate).toBe('2025-02-14')
    expect(dateFor('gb-ct-vlarge-4', '2025-02-28').dueDate).toBe('2025-02-14')
    expect(dateFor('gb-ct600', '2024-02-29').dueDate).toBe('2025-02-28')
  })

  test('annual VAT is listed for 31 December, and for other year ends when asked', () => {
    expect(datesOf('gb-vat-annual').map(({ periodEnd }) => periodEnd)).toEqual([
      '2022-12-31',
      '2023-12-31',
      '2024-12-31',
      '2025-12-31',
      '2026-12-31',
    ])
    const asked = datesOf('gb-vat-annual', { periodEndMonths: [2, 12], from: '2024-01-01' })
    expect(asked.slice(0, 3)).toMatchObject([
      { periodStart: '2023-01-01', periodEnd: '2023-12-31', dueDate: '2024-02-29' },
      { periodStart: '2023-03-01', periodEnd: '2024-02-29', dueDate: '2024-04-30' },
      { periodStart: '2024-01-01', periodEnd: '2024-12-31', dueDate: '2025-02-28' },
    ])
  })
})

describe('United States', () => {
  test('semiweekly deposits count three business days; 3 July 2026 is observed', () => {
    const date = dateFor('us-941-semi', '2026-06-30')
    expect(date).toMatchObject({
      periodStart: '2026-06-27',
      statutoryDate: '2026-07-03',
      dueDate: '2026-07-06',
    })
    expect(date.shiftedBy).toContain('Independence Day (substitute day)')
    expect(dateFor('us-941-semi', '2026-10-09').dueDate).toBe('2026-10-15')
  })

  test('a semiweekly period that spans a quarter is two, both counted from its last day', () => {
    expect(dateFor('us-941-semi', '2025-12-31')).toMatchObject({
      periodStart: '2025-12-31',
      dueDate: '2026-01-07',
    })
    expect(dateFor('us-941-semi', '2026-01-02')).toMatchObject({
      periodStart: '2026-01-01',
      dueDate: '2026-01-07',
    })
    expect(dateFor('us-941-semi', '2025-12-30').dueDate).toBe('2026-01-05')
  })

  test('Emancipation Day moves 15 April: 18 April in 2023', () => {
    const date = dateFor('us-1040', '2022-12-31')
    expect(date).toMatchObject({ statutoryDate: '2023-04-15', dueDate: '2023-04-18' })
    expect(date.shiftedBy).toContain('Emancipation Day')
    expect(dateFor('us-1040', '2025-12-31')).toMatchObject({
      dueDate: '2026-04-15',
      shiftedBy: null,
    })
  })

  test("Patriots' Day gives Maine and Massachusetts a date of their own, where it differs", () => {
    expect(dateFor('us-1040', '2023-12-31').dueDate).toBe('2024-04-15')
    for (const region of ['US-MA', 'US-ME']) {
      const date = dateFor('us-1040', '2023-12-31', region)
      expect(date).toMatchObject({ dueDate: '2024-04-17', statutoryDate: '2024-04-15', region })
      expect(date.shiftedBy).toContain("Patriots' Day")
    }
    const regional = datesOf('us-1040').filter(({ region }) => region !== null)
    expect(regional.map(({ id }) => id)).toEqual([
      'us-1040:2023-12-31:US-MA',
      'us-1040:2023-12-31:US-ME',
    ])
  })

  test('Veterans Day on a Saturday is observed on Friday', () => {
    expect(dateFor('us-941-ext', '2023-09-30')).toMatchObject({
      statutoryDate: '2023-11-10',
      dueDate: '2023-11-13',
    })
  })

  test('31 December 2022 was a Saturday: its date of January 2023 is known', () => {
    expect(dateFor('us-730', '2022-11-30').dueDate).toBe('2023-01-03')
  })

  test('31 December 2027 is observed as New Year’s Day: a date of 2027 falls into 2028', () => {
    expect(datesOf('us-730').at(-1)?.periodEnd).toBe('2027-10-31')
    const [january] = datesOf('us-730', { from: '2028-01-01', to: '2028-01-31' })
    expect(january).toMatchObject({
      periodEnd: '2027-11-30',
      statutoryDate: '2027-12-31',
      dueDate: '2028-01-03',
    })
  })

  test('a date that would leave the last covered year is nobody’s date', () => {
    const { last } = shipped.years
    const dates = datesOf('us-730', { from: `${last - 1}-01-01`, to: `${last}-12-31` })
    expect(dates.length).toBeGreaterThan(20)
    expect(dates.every(({ dueDate }) => dueDate <= `${last}-12-31`)).toBe(true)
  })
})

describe('Canada', () => {
  test('RRSP: the 60th day of the year, leap years included', () => {
    expect(dateFor('ca-rrsp', '2023-12-31').statutoryDate).toBe('2024-02-29')
    expect(dateFor('ca-rrsp', '2024-12-31').statutoryDate).toBe('2025-03-01')
    expect(dateFor('ca-rrsp', '2025-12-31')).toMatchObject({
      statutoryDate: '2026-03-01',
      dueDate: '2026-03-02',
    })
  })

  test('T3: 30 March 2024 becomes 2 April, after Easter', () => {
    const date = dateFor('ca-t3', '2023-12-31')
    expect(date).toMatchObject({ statutoryDate: '2024-03-30', dueDate: '2024-04-02' })
    expect(date.shiftedBy).toBe(
      'weekend, Saturday 2024-03-30 and Sunday 2024-03-31; Easter Monday (CRA list), Monday 2024-04-01',
    )
  })

  test('accelerated remitters count three working days after the 7th, 14th, 21st and last', () => {
    expect(dateFor('ca-payroll-acc2', '2026-03-31')).toMatchObject({
      periodStart: '2026-03-22',
      statutoryDate: '2026-04-03',
      dueDate: '2026-04-07',
    })
    expect(dateFor('ca-payroll-acc2', '2026-02-07').dueDate).toBe('2026-02-11')
  })

  test('slips are due on the last of February, leap years included', () => {
    expect(dateFor('ca-t4', '2023-12-31').dueDate).toBe('2024-02-29')
    expect(dateFor('ca-t4', '2025-12-31').dueDate).toBe('2026-03-02')
  })
})
