import { describe, expect, test } from 'vitest'
import { dateFor, datesOf } from './shipped-data.ts'

/** Germany, France, South Africa, Hong Kong: moved; Ireland, Singapore, India: not. */
const dueDates = (id: string, year: number) =>
  datesOf(id, { from: `${year}-01-01`, to: `${year}-12-31` }).map(({ dueDate }) => dueDate)

describe('Germany', () => {
  test('three days of grace are told and move neither the due date nor the payment', () => {
    const date = dateFor('de-ust-m', '2025-12-31')
    expect(date).toMatchObject({ statutoryDate: '2026-01-10', dueDate: '2026-01-12', payBy: null })
    expect(date.obligation.rule).toMatch(/3 days of grace, not contained in the dates/)
    expect(dateFor('de-zm', '2025-12-31').obligation.rule).not.toMatch(/grace/)
  })

  test('Easter Monday moves the tenth; both days of Christmas and the weekend move the 25th', () => {
    expect(dateFor('de-ust-m', '2023-03-31')).toMatchObject({
      dueDate: '2023-04-11',
      shiftedBy: 'Ostermontag (Germany), Monday 2023-04-10',
    })
    const list = dateFor('de-zm', '2025-11-30')
    expect(list).toMatchObject({ statutoryDate: '2025-12-25', dueDate: '2025-12-29' })
    expect(list.movedBy.map(({ kind }) => kind)).toEqual([
      'HOLIDAY',
      'HOLIDAY',
      'WEEKEND',
      'WEEKEND',
    ])
  })

  test('a permanent extension gives one month more', () => {
    expect(dateFor('de-ust-m', '2025-02-28').dueDate).toBe('2025-03-10')
    expect(dateFor('de-ust-m-dfv', '2025-02-28').dueDate).toBe('2025-04-10')
  })

  test('prepayments lie inside their own year, quarter by quarter', () => {
    const year = (id: string) => dateFor(id, '2023-12-31').dueDate
    expect([1, 2, 3, 4].map((n) => year(`de-est-${n}`))).toEqual([
      '2023-03-10',
      '2023-06-12',
      '2023-09-11',
      '2023-12-11',
    ])
    expect([1, 2, 3, 4].map((n) => dateFor(`de-gewst-${n}`, '2026-12-31').dueDate)).toEqual([
      '2026-02-16',
      '2026-05-15',
      '2026-08-17',
      '2026-11-16',
    ])
  })

  test('the One-Stop-Shop stays on its Saturday, and who printed the Friday is told', () => {
    const date = dateFor('de-oss', '2025-12-31')
    expect(date).toMatchObject({ dueDate: '2026-01-31', shiftedBy: null, movedBy: [] })
    expect(date.disagreements).toMatchObject([{ printedDate: '2026-01-30', printedAs: 'DUE' }])
  })

  test('returns of 2023 had a term of their own; the statute of the rule stays', () => {
    expect(dateFor('de-jahr', '2023-12-31')).toMatchObject({
      statutoryDate: '2024-07-31',
      dueDate: '2024-09-02',
      shiftedBy: 'announced: Transitional term by law for the returns of 2023',
    })
    expect(dateFor('de-jahr', '2024-12-31').dueDate).toBe('2025-07-31')
  })

  test('with an adviser only the years that the law named have a date', () => {
    const all = datesOf('de-jahr-stb', { from: '2019-01-01', to: '2028-12-31' })
    expect(all.map(({ periodEnd, dueDate }) => `${periodEnd.slice(0, 4)} ${dueDate}`)).toEqual([
      // 29 February 2020 was a Saturday, 28 February 2027 is a Sunday.
      '2018 2020-03-02',
      '2019 2021-08-31',
      '2020 2022-08-31',
      '2021 2023-08-31',
      '2022 2024-07-31',
      '2023 2025-06-02',
      '2024 2026-04-30',
      '2025 2027-03-01',
    ])
    // 31 May 2025 was a Saturday; the date that was announced is moved already.
    expect(dateFor('de-jahr-stb', '2023-12-31')).toMatchObject({
      statutoryDate: '2025-06-02',
      shiftedBy: null,
    })
  })
})

describe('South Africa', () => {
  test('moves to the working day before', () => {
    expect(dateFor('za-emp201', '2026-02-28')).toMatchObject({
      statutoryDate: '2026-03-07',
      dueDate: '2026-03-06',
      shiftedBy: 'weekend, Saturday 2026-03-07',
    })
    expect(dateFor('za-vat-e', '2026-01-31').dueDate).toBe('2026-02-27')
    expect(dateFor('za-prov-1', '2026-02-28')).toMatchObject({
      statutoryDate: '2025-08-31',
      dueDate: '2025-08-29',
    })
  })

  test('Christmas moves the 25th to Christmas Eve', () => {
    const date = dateFor('za-vat-manual', '2025-11-30')
    expect(date).toMatchObject({ statutoryDate: '2025-12-25', dueDate: '2025-12-24' })
    expect(date.shiftedBy).toBe('Christmas Day (South Africa), Thursday 2025-12-25')
  })

  test('the second period ends with February, leap years included', () => {
    expect(dateFor('za-prov-2', '2024-02-29')).toMatchObject({
      periodStart: '2023-03-01',
      dueDate: '2024-02-29',
    })
    expect(dateFor('za-prov-2', '2026-02-28').dueDate).toBe('2026-02-27')
    expect(dateFor('za-prov-3', '2026-02-28').dueDate).toBe('2026-09-30')
  })
})

describe('France', () => {
  test('the instalments of 2026: Sunday 15 March becomes Monday', () => {
    const instalments = [1, 2, 3, 4].map((n) => dateFor(`fr-is-${n}`, '2026-12-31'))
    expect(instalments.map(({ dueDate }) => dueDate)).toEqual([
      '2026-03-16',
      '2026-06-15',
      '2026-09-15',
      '2026-12-15',
    ])
    expect(instalments[0]?.shiftedBy).toBe('weekend, Sunday 2026-03-15')
  })
})

describe('Hong Kong', () => {
  test('Saturday 15 November 2025 becomes Monday; loss cases are told and move nothing', () => {
    const date = dateFor('hk-pt-m', '2025-03-31')
    expect(date).toMatchObject({ statutoryDate: '2025-11-15', dueDate: '2025-11-17' })
    expect(date.changes).toMatchObject([{ dueDate: '2026-02-13' }])
    expect(date.changes[0]?.appliesTo).toMatch(/^loss cases/)
  })

  test('code D was lengthened to 29 August in two years, and not for good', () => {
    expect(dateFor('hk-pt-d', '2023-12-31').dueDate).toBe('2024-08-29')
    expect(dateFor('hk-pt-d', '2024-12-31').dueDate).toBe('2025-08-29')
    expect(dateFor('hk-pt-d', '2025-12-31')).toMatchObject({
      statutoryDate: '2026-08-15',
      dueDate: '2026-08-17',
    })
  })
})

describe('Ireland, Singapore and India stay on weekends', () => {
  test.each([
    ['ie-vat3-ros', '2025-10-31', '2025-11-23', 'Sunday'],
    ['ie-paye', '2026-01-31', '2026-02-14', 'Saturday'],
    ['ie-f11-paper', '2025-12-31', '2026-10-31', 'Saturday'],
    ['ie-cgt-2', '2025-12-31', '2026-01-31', 'Saturday'],
    ['sg-gst', '2025-12-31', '2026-01-31', 'Saturday'],
    ['sg-gst-giro', '2025-12-31', '2026-02-15', 'Sunday'],
    ['sg-ir8a', '2025-12-31', '2026-03-01', 'Sunday'],
    ['in-gstr3b', '2025-08-31', '2025-09-20', 'Saturday'],
    ['in-adv-1', '2026-03-31', '2025-06-15', 'Sunday'],
    ['in-gstr1', '2025-09-30', '2025-10-11', 'Saturday'],
  ])('%s for %s: %s, a %s', (id, periodEnd, dueDate, weekday) => {
    const name = new Date(`${dueDate}T00:00:00Z`).toLocaleDateString('en-GB', {
      weekday: 'long',
      timeZone: 'UTC',
    })
    expect(name).toBe(weekday)
    expect(dateFor(id, periodEnd)).toMatchObject({
      statutoryDate: dueDate,
      dueDate,
      payBy: null,
      shiftedBy: null,
      movedBy: [],
    })
  })

  test('Ireland: two months to an even one; companies by the 23rd of the ninth month', () => {
    expect(dateFor('ie-vat3', '2026-02-28')).toMatchObject({
      periodStart: '2026-01-01',
      dueDate: '2026-03-19',
    })
    expect(
      datesOf('ie-vat3').every(({ periodEnd }) => Number(periodEnd.slice(5, 7)) % 2 === 0),
    ).toBe(true)
    expect(dateFor('ie-ct1', '2025-03-31').dueDate).toBe('2025-12-23')
    expect(dateFor('ie-ct-prelim', '2025-12-31').dueDate).toBe('2025-11-23')
    expect(dueDates('ie-f11-ros', 2024)).toEqual([])
    expect(dueDates('ie-f11-ros', 2025)).toEqual(['2025-11-19'])
    expect(dueDates('ie-f11-ros', 2026)).toEqual([])
  })

  test('Singapore: GIRO takes the money half a month after the return is due', () => {
    expect(dateFor('sg-gst', '2025-09-30').dueDate).toBe('2025-10-31')
    expect(dateFor('sg-gst-giro', '2025-09-30').dueDate).toBe('2025-11-15')
    expect(dateFor('sg-eci', '2025-11-30').dueDate).toBe('2026-02-28')
    expect(dateFor('sg-wht', '2025-12-31').dueDate).toBe('2026-02-15')
  })

  test('India: March has until 30 April and 31 May; one year was extended', () => {
    expect(dateFor('in-tds', '2025-03-31').dueDate).toBe('2025-04-30')
    expect(dateFor('in-tds', '2025-04-30').dueDate).toBe('2025-05-07')
    expect(dateFor('in-tds-return', '2025-03-31').dueDate).toBe('2025-05-31')
    expect(dateFor('in-tds-return', '2025-06-30').dueDate).toBe('2025-07-31')
    expect(dateFor('in-itr', '2025-03-31')).toMatchObject({
      statutoryDate: '2025-07-31',
      dueDate: '2025-09-15',
    })
    expect(dateFor('in-itr', '2026-03-31').dueDate).toBe('2026-07-31')
  })
})
