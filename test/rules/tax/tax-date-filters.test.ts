import { describe, expect, test } from 'vitest'
import { BadInput } from '../../../src/rules/bad-input.ts'
import { followsTheYearEnd } from '../../../src/rules/tax/choose-periods.ts'
import { TAX_CATEGORIES, TAXPAYER_KINDS } from '../../../src/rules/tax/classification.ts'
import { findTaxDates, type TaxDateQuery } from '../../../src/rules/tax/find-tax-dates.ts'
import { listObligations, type ObligationQuery } from '../../../src/rules/tax/list-obligations.ts'
import { allTaxDates, shipped } from './shipped-data.ts'

const au = { country: 'AU', year: 2026 } as const
const gb = { country: 'GB', year: 2026 } as const

const message = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (error instanceof BadInput) return error.message
    throw error
  }
  throw new Error('was not refused')
}
const refused = (query: TaxDateQuery) => message(() => findTaxDates(shipped, query))
const refusedList = (query: ObligationQuery) => message(() => listObligations(shipped, query))
const idsOf = (query: TaxDateQuery) => allTaxDates(query).map(({ id }) => id)
const obligationsOf = (query: TaxDateQuery) => [
  ...new Set(allTaxDates(query).map(({ obligation }) => obligation.id)),
]

describe('obligations are chosen', () => {
  test('by id, those alone; unknown and foreign ones are refused', () => {
    const ids = ['au-tpar', 'au-bas-m']
    expect(new Set(obligationsOf({ ...au, obligationIds: ids }))).toEqual(new Set(ids))
    expect(refused({ ...au, obligationIds: ['au-tpar', 'nope'] })).toMatch(/obligationIds: nope/)
    expect(refused({ ...au, obligationIds: ['gb-vat'] })).toMatch(
      /gb-vat is not an obligation of AU/,
    )
  })

  test('by an id that depends on an event: known, without dates', () => {
    expect(findTaxDates(shipped, { ...au, obligationIds: ['au-payday-super'] })).toEqual({
      edges: [],
      totalCount: 0,
      pageInfo: {
        ...{ hasNextPage: false, hasPreviousPage: false },
        ...{ startCursor: null, endCursor: null },
      },
    })
  })

  test('by action, compared as it is', () => {
    const parts = ['FILE', 'PAY', 'FILE_AND_PAY'].map((action) => {
      const dates = allTaxDates({ ...au, actions: [action] })
      expect(dates.every(({ obligation }) => obligation.action === action)).toBe(true)
      return dates.length
    })
    expect(parts.reduce((sum, part) => sum + part)).toBe(allTaxDates(au).length)
    expect(refused({ ...au, actions: ['file'] })).toMatch(/actions: file is not one of FILE, PAY/)
  })

  test('by category: every obligation has one, so that all categories are everything', () => {
    expect(idsOf({ ...gb, categories: TAX_CATEGORIES })).toEqual(idsOf(gb))
    const vat = obligationsOf({ ...gb, categories: ['VAT_GST'] })
    expect(vat).toContain('gb-vat')
    expect(vat.every((id) => id.startsWith('gb-vat'))).toBe(true)
    expect(refused({ ...gb, categories: ['VAT'] })).toMatch(/categories: VAT is not one of VAT_GST/)
  })

  test('by taxpayer, any of whose kinds suffices', () => {
    expect(idsOf({ ...gb, taxpayers: TAXPAYER_KINDS })).toEqual(idsOf(gb))
    const company = obligationsOf({ ...gb, taxpayers: ['COMPANY'] })
    const employer = obligationsOf({ ...gb, taxpayers: ['EMPLOYER'] })
    expect(company).toContain('gb-ct600')
    expect(company).not.toContain('gb-sa-online')
    expect(employer).toContain('gb-paye-e')
    expect(new Set(obligationsOf({ ...gb, taxpayers: ['COMPANY', 'EMPLOYER'] }))).toEqual(
      new Set([...company, ...employer]),
    )
    expect(refused({ ...gb, taxpayers: ['company'] })).toMatch(/taxpayers: company is not one of/)
  })

  test('by tax type, letter by letter as the obligation has it', () => {
    const taxTypes = ['Company Tax Return CT600', 'Form P60 to employees']
    expect(new Set(obligationsOf({ ...gb, taxTypes }))).toEqual(new Set(['gb-ct600', 'gb-p60']))
    expect(refused({ ...gb, taxTypes: ['CT600'] })).toBe(
      'taxTypes: no obligation of GB has the tax type CT600',
    )
    expect(refused({ ...au, taxTypes })).toMatch(/no obligation of AU/)
  })

  test('by several arguments that must all hold', () => {
    const both = { categories: ['INCOME_TAX'], taxpayers: ['COMPANY'], actions: ['FILE'] }
    expect(obligationsOf({ ...gb, ...both })).toEqual(['gb-ct600'])
    expect(idsOf({ ...gb, ...both, obligationIds: ['gb-vat'] })).toEqual([])
  })

  test('alike in the list of obligations, those without dates included', () => {
    const query = { country: 'AU', categories: ['SUPER_PENSION'], taxpayers: ['EMPLOYER'] }
    const listed = listObligations(shipped, query)
    expect(listed.map(({ id }) => id)).toContain('au-payday-super')
    expect(listed.every(({ category }) => category === 'SUPER_PENSION')).toBe(true)
    const pay = listObligations(shipped, { country: 'AU', region: 'AU-VIC', actions: ['PAY'] })
    expect(pay.every(({ action, region }) => action === 'PAY' && region !== 'AU-NSW')).toBe(true)
    expect(listObligations(shipped, { country: 'AU', categories: null, actions: null })).toEqual(
      shipped.countries.get('AU')?.country.obligations,
    )
    expect(refusedList({ country: 'AU', categories: [] })).toMatch(/categories: is empty/)
    expect(refusedList({ country: 'AU', taxpayers: ['x'] })).toMatch(/taxpayers: x is not one of/)
    expect(refusedList({ country: 'AU', actions: ['x'] })).toMatch(/actions: x is not one of/)
  })

  test.each(['obligationIds', 'categories', 'taxTypes', 'taxpayers', 'actions', 'periodEndMonths'])(
    'not by an empty list of %s, which could mean all or none',
    (name) => {
      expect(refused({ ...au, [name]: [] })).toBe(`${name}: is empty; leave it out to ask for all`)
      expect(idsOf({ ...au, [name]: null })).toEqual(idsOf(au))
    },
  )
})

describe('periodEndMonths', () => {
  test('choose by the month in which the period ends, of every obligation', () => {
    const dates = allTaxDates({ ...gb, periodEndMonths: [3] })
    expect(dates.every(({ periodEnd }) => periodEnd.slice(5, 7) === '03')).toBe(true)
    expect(dates.map(({ obligation }) => obligation.id)).toContain('gb-vat-annual')
    for (const month of [0, 13, 1.5, Number.NaN]) {
      expect(refused({ ...au, periodEndMonths: [month] })).toMatch(
        /periodEndMonths: .* is not within 1–12/,
      )
    }
  })

  test.each([
    [
      'quarters to January',
      [1, 4, 7, 10],
      ['2026-03-07', '2026-06-07', '2026-09-07', '2026-12-07'],
    ],
    ['quarters to March', [3, 6, 9, 12], ['2026-02-07', '2026-05-07', '2026-08-07', '2026-11-07']],
  ])('give a VAT stagger: %s', (_, periodEndMonths, due) => {
    const dates = allTaxDates({ ...gb, obligationIds: ['gb-vat'], periodEndMonths })
    expect(dates.map(({ dueDate }) => dueDate)).toEqual(due)
  })
})

describe('yearEndMonth', () => {
  const company = { ...gb, taxpayers: ['COMPANY', 'EMPLOYER'] }
  const following = [...shipped.countries.values()].flatMap(({ rules }) =>
    [...rules.values()].filter(followsTheYearEnd).map(({ id }) => id),
  )

  test('is known to these obligations, and to no other', () => {
    expect(following.sort()).toEqual(
      [
        ...['ca-t2', 'ca-t2-balance', 'ca-t2-balance-ccpc'],
        ...[1, 2, 3, 4].flatMap((part) => [`gb-ct-large-${part}`, `gb-ct-vlarge-${part}`]),
        ...['gb-ct-pay', 'gb-ct600', 'gb-vat-annual', 'ie-ct-prelim', 'ie-ct1', 'sg-eci'],
      ].sort(),
    )
  })

  test('a company sees one CT600 a year, not twelve', () => {
    const ct600 = { ...company, taxTypes: ['Company Tax Return CT600'] }
    expect(allTaxDates(ct600)).toHaveLength(12)
    for (let month = 1; month <= 12; month++) {
      expect(allTaxDates({ ...ct600, yearEndMonth: month })).toHaveLength(1)
    }
    expect(idsOf({ ...ct600, yearEndMonth: 6 })).toEqual(['gb-ct600:2025-06-30'])
  })

  test('leaves everything else as it is: payroll, staggers and years that the law fixes', () => {
    const others = (query: TaxDateQuery) => idsOf(query).filter((id) => !isFollowing(id))
    const isFollowing = (id: string) => following.some((one) => id.startsWith(`${one}:`))
    for (const country of shipped.countries.keys()) {
      const query = { country, year: 2026 }
      expect(others({ ...query, yearEndMonth: 6 })).toEqual(others(query))
    }
    const seen = obligationsOf({ ...company, yearEndMonth: 6 })
    expect(seen).toEqual(expect.arrayContaining(['gb-paye-e', 'gb-p60', 'gb-vat', 'gb-ct-pay']))
    expect(allTaxDates({ ...gb, yearEndMonth: 6, obligationIds: ['gb-vat'] })).toHaveLength(12)
  })

  test('finds year ends that are not listed by default', () => {
    const annual = { ...gb, obligationIds: ['gb-vat-annual'] }
    expect(idsOf(annual)).toEqual(['gb-vat-annual:2025-12-31'])
    expect(idsOf({ ...annual, yearEndMonth: 6 })).toEqual(['gb-vat-annual:2026-06-30'])
    expect(idsOf({ ...annual, yearEndMonth: 12 })).toEqual(idsOf(annual))
  })

  test('is a month, and not given with periodEndMonths', () => {
    for (const yearEndMonth of [0, 13, 1.5, Number.NaN]) {
      expect(refused({ ...gb, yearEndMonth })).toMatch(/yearEndMonth: .* is not within 1–12/)
    }
    expect(refused({ ...gb, yearEndMonth: 6, periodEndMonths: [6] })).toMatch(
      /either periodEndMonths or yearEndMonth/,
    )
    expect(idsOf({ ...gb, yearEndMonth: null })).toEqual(idsOf(gb))
  })
})
