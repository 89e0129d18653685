import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BadInput } from '../../../src/rules/bad-input.ts'
import { applyChanges } from '../../../src/rules/tax/apply-changes.ts'
import { findTaxDates, type TaxDateQuery } from '../../../src/rules/tax/find-tax-dates.ts'
import { change } from './announced.ts'
import { allTaxDates, shipped } from './shipped-data.ts'

const find = (query: TaxDateQuery) => findTaxDates(shipped, query)
const refused = (query: TaxDateQuery) => {
  try {
    find(query)
  } catch (error) {
    if (error instanceof BadInput) return error.message
    throw error
  }
  throw new Error('was not refused')
}
const au = { country: 'AU', year: 2026 } as const

describe('pages', () => {
  test('50 by default, 1 to 500 when asked', () => {
    expect(find({ country: 'GB', year: 2026 }).edges).toHaveLength(50)
    expect(find({ country: 'GB', year: 2026, first: 1 }).edges).toHaveLength(1)
    for (const first of [0, 501, -1, 1.5, Number.NaN]) {
      expect(refused({ ...au, first })).toMatch(/is not within 1–500/)
    }
  })

  test('cover everything once and in order, whatever their size', () => {
    const whole = { country: 'US', from: '2023-06-01', to: '2026-02-15' }
    const expected = allTaxDates(whole).map(({ id }) => id)
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), (first) => {
        const query = { ...whole, first }
        expect(allTaxDates(query).map(({ id }) => id)).toEqual(expected)
      }),
      { numRuns: 25 },
    )
  })

  test('say where they stand', () => {
    const total = find({ country: 'NZ', year: 2026 }).totalCount
    const query = { country: 'NZ', year: 2026, first: total - 3 }
    const one = find(query)
    expect(one.pageInfo).toEqual({
      hasNextPage: true,
      hasPreviousPage: false,
      startCursor: one.edges[0]?.cursor,
      endCursor: one.edges[total - 4]?.cursor,
    })
    const two = find({ ...query, after: one.pageInfo.endCursor })
    expect(two.edges).toHaveLength(3)
    expect(two.totalCount).toBe(total)
    expect(two.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true })
    const three = find({ ...query, after: two.pageInfo.endCursor })
    expect(three.edges).toEqual([])
    expect(three.pageInfo).toEqual({
      ...{ hasNextPage: false, hasPreviousPage: true },
      ...{ startCursor: null, endCursor: null },
    })
  })

  test('are in the order of dueDate, then of id by code unit', () => {
    for (const country of shipped.countries.keys()) {
      const dates = allTaxDates({ country, from: '2023-01-01', to: '2027-12-31' })
      expect(dates).not.toEqual([])
      for (const [index, date] of dates.entries()) {
        const next = dates[index + 1]
        if (next === undefined) continue
        const inOrder =
          date.dueDate < next.dueDate || (date.dueDate === next.dueDate && date.id < next.id)
        expect(inOrder, `${date.id} before ${next.id}`).toBe(true)
      }
    }
  })
})

describe('cursors', () => {
  const cursor = find({ ...au, first: 5 }).pageInfo.endCursor ?? ''

  test('go with their query, whatever the size of its pages and the order of its lists', () => {
    expect(find({ ...au, first: 7, after: cursor }).edges).toHaveLength(7)
    const ids = ['au-tpar', 'au-bas-m']
    const ordered = find({ ...au, obligationIds: ids, first: 1 }).pageInfo.endCursor
    expect(
      find({ ...au, obligationIds: [...ids].reverse(), after: ordered }).edges.length,
    ).toBeGreaterThan(0)
  })

  test.each([
    [{ country: 'NZ' }],
    [{ year: 2025 }],
    [{ region: 'AU-NSW' }],
    [{ actions: ['PAY'] }],
    [{ periodEndMonths: [12] }],
    [{ obligationIds: ['au-bas-m'] }],
    [{ categories: ['PAYROLL'] }],
    [{ taxpayers: ['COMPANY'] }],
    [{ taxTypes: ['Fringe benefits tax'] }],
    [{ yearEndMonth: 12 }],
    [{ asKnownOn: '2026-11-01' }],
  ])('of another query than %j are refused', (change) => {
    expect(refused({ ...au, ...change, after: cursor })).toMatch(/not a cursor of this query/)
  })

  test.each(['', 'nonsense', '%%%', `${cursor}=`, ` ${cursor}`, cursor.slice(0, -3), '💥'])(
    '%j is refused',
    (after) => {
      expect(refused({ ...au, after })).toMatch(/not a cursor of this query/)
    },
  )

  test('that were made for another place are refused', () => {
    const [, , checksum] = Buffer.from(cursor, 'base64url').toString().split('|')
    for (const place of ['2026-12-31|au-bas-m:2026-11-30', '2026-01-01|', '|', '9999-99-99|x']) {
      const forged = Buffer.from(`${place}|${checksum}`).toString('base64url')
      expect(refused({ ...au, after: forged })).toMatch(/not a cursor of this query/)
    }
  })
})

describe('a change announced between two pages', () => {
  const query = { ...au, first: 10 }
  const first = find(query)
  const lastId = first.edges[9]?.node.id ?? ''
  const expected = allTaxDates(au).map(({ id }) => id)

  /** The ids of all pages after the first, with the first page's last date changed. */
  function goOn(effect: 'MOVED' | 'WITHDRAWN', dueDate: string | null): readonly string[] {
    const [obligationId = '', periodEnd = ''] = lastId.split(':')
    const data = applyChanges(shipped, [change({ obligationId, periodEnd, effect, dueDate })])
    const rest = { ...query, first: 500, after: first.pageInfo.endCursor }
    return findTaxDates(data, rest).edges.map(({ node }) => node.id)
  }

  test('does not refuse the cursor of a date that was withdrawn', () => {
    expect(goOn('WITHDRAWN', null)).toEqual(expected.slice(10))
  })

  test('does not repeat what was seen when its last date moves forwards', () => {
    expect(goOn('MOVED', '2026-01-01')).toEqual(expected.slice(10))
  })

  test('shows a date again that moved behind the place where the page ended', () => {
    const rest = goOn('MOVED', '2026-12-31')
    expect(rest.filter((id) => id !== lastId)).toEqual(expected.slice(10))
    expect(rest).toContain(lastId)
  })

  test('leaves what lies before the place out of the pages, and in the count', () => {
    const early = expected[0] ?? ''
    const [obligationId = '', periodEnd = ''] = early.split(':')
    const gone = { obligationId, periodEnd, effect: 'WITHDRAWN', dueDate: null } as const
    const data = applyChanges(shipped, [change(gone)])
    const page = findTaxDates(data, { ...query, after: first.pageInfo.endCursor })
    expect(page.edges[0]?.node.id).toBe(expected[10])
    expect(page.totalCount).toBe(first.totalCount - 1)
    expect(page.pageInfo.hasPreviousPage).toBe(true)
  })
})
