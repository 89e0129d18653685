import { describe, expect, test } from 'vitest'
import { datesReadBy, isRead } from '../../../src/rules/tax/dates-read.ts'
import { listObligations } from '../../../src/rules/tax/list-obligations.ts'
import { shipped } from './shipped-data.ts'

describe('what a question reads', () => {
  test('is the countries, where it asks for all that they demand', () => {
    expect(datesReadBy(shipped, ['GB', 'AU', 'GB'], {})).toEqual(['AU', 'GB'])
    expect(datesReadBy(shipped, ['AU'], { actions: null, obligationIds: undefined })).toEqual([
      'AU',
    ])
  })

  test('is the obligations that it chooses, by whichever words', () => {
    expect(datesReadBy(shipped, ['AU', 'GB'], { obligationIds: ['gb-vat'] })).toEqual(['gb-vat'])
    const payroll = datesReadBy(shipped, ['AU'], { categories: ['PAYROLL'] })
    const listed = listObligations(shipped, { country: 'AU', categories: ['PAYROLL'] })
    expect(payroll).toEqual(listed.map(({ id }) => id))
    expect(payroll.length).toBeGreaterThan(0)
  })

  test('holds for an obligation by its own name, or by its country’s', () => {
    expect(isRead(new Set(['AU']), 'AU', 'au-bas-m')).toBe(true)
    expect(isRead(new Set(['au-bas-m']), 'AU', 'au-bas-m')).toBe(true)
    expect(isRead(new Set(['au-bas-q-self', 'GB']), 'AU', 'au-bas-m')).toBe(false)
  })
})
