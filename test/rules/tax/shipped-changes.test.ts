import { describe, expect, test } from 'vitest'
import { recordsOf } from '../../../src/rules/tax/tax-date-change.ts'
import { allTaxDates, dateFor, datesOf, shipped } from './shipped-data.ts'

const all = [...shipped.countries.values()].flatMap(({ shippedChanges }) => shippedChanges)
const keysOf = (country: string) =>
  all.filter((change) => change.country === country).map(({ key }) => key)

describe('the changes that come with the data', () => {
  test('are the four one-offs of rules and the nineteen that belong to no rule', () => {
    expect(all).toHaveLength(23)
    expect(all.filter(({ appliesTo }) => appliesTo === null)).toHaveLength(4)
    expect(keysOf('US')).toHaveLength(11)
    expect(keysOf('CA')).toHaveLength(4)
    expect(keysOf('FR')).toHaveLength(3)
    expect(keysOf('HK')).toHaveLength(3)
  })

  test('each is told with the date that it concerns, or says that it concerns none', () => {
    for (const { key, obligationId, periodEnd, reason, appliesTo } of all) {
      if (obligationId === null || periodEnd === null) {
        expect(reason, key).toContain('no obligation of this list')
        expect(appliesTo, key).not.toBeNull()
      } else {
        expect(dateFor(obligationId, periodEnd).changes.map((change) => change.reason)).toContain(
          reason,
        )
      }
    }
  })

  test('what holds for some only moves nothing and makes no row for a region', () => {
    const rows = datesOf('us-1040').filter(({ periodEnd }) => periodEnd === '2024-12-31')
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({ dueDate: '2025-04-15', region: null, movedBy: [] })
    expect(rows[0]?.changes).toHaveLength(10)
    const inLosAngeles = { country: 'US', region: 'US-CA', year: 2025, obligationIds: ['us-1040'] }
    expect(allTaxDates(inLosAngeles).map(({ dueDate }) => dueDate)).toEqual(['2025-04-15'])
    expect(dateFor('ca-t4', '2024-12-31')).toMatchObject({ dueDate: '2025-02-28', payBy: null })
    expect(dateFor('ca-t1', '2024-12-31').dueDate).toBe('2025-04-30')
    expect(dateFor('ca-t3', '2024-12-31').dueDate).toBe('2025-03-31')
  })

  test('North Carolina was postponed twice: the later word is told first', () => {
    const told = dateFor('us-1040', '2024-12-31').changes.filter(({ region }) => region === 'US-NC')
    expect(told.map(({ dueDate }) => dueDate)).toEqual(['2025-09-25', '2025-05-01'])
  })

  test('what came after the return was due is told with the extended return', () => {
    const date = dateFor('us-1040-ext', '2024-12-31')
    expect(date.dueDate).toBe('2025-10-15')
    expect(date.changes).toMatchObject([{ region: 'US-TX', dueDate: '2026-02-02' }])
  })

  test('have a place in the history that does not depend on the order of the files', () => {
    const ids = recordsOf(all.toReversed()).map(({ id, reason }) => `${id} ${reason}`)
    expect(recordsOf(all).map(({ id, reason }) => `${id} ${reason}`)).toEqual(ids)
  })
})
