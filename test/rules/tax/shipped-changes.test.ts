import { describe, expect, test } from 'vitest'
import { recordsOf } from '../../../src/rules/tax/tax-date-change.ts'
import { allTaxDates, dateFor, datesOf, shipped } from './shipped-data.ts'

const all = [...shipped.countries.values()].flatMap(({ shippedChanges }) => shippedChanges)
/** What was gathered first; more may follow, and none of these may go. */
const ONE_OFFS_OF_RULES = ['de-jahr-2023', 'hk-pt-d-2023', 'hk-pt-d-2024', 'in-itr-2025']
const ONE_OFFS_OF_NO_RULE = [
  ...['ca-2025-t1-capital-gains', 'ca-2025-t3-capital-gains', 'ca-2025-t4', 'ca-2025-t4ps-t5008'],
  ...['fr-2026-income-tax-01-19', 'fr-2026-income-tax-20-54', 'fr-2026-liasse-fiscale'],
  ...['hk-pt-m-2025-loss', 'us-2025-al-disaster', 'us-2025-ar-storms', 'us-2025-ca-la-wildfires'],
  ...['us-2025-fl-disaster', 'us-2025-ga-disaster', 'us-2025-ky-storms', 'us-2025-nc-helene'],
  ...['us-2025-nc-helene-2', 'us-2025-sc-disaster', 'us-2025-tn-storms', 'us-2025-tx-floods'],
]

function toldWith(obligationId: string, periodEnd: string): string[] {
  const country = [...shipped.countries.values()].find(({ rules }) => rules.has(obligationId))
  const dates = [...(country?.datesByYear.values() ?? [])].flat()
  const date = dates.find(({ taxDate }) => taxDate.id === `${obligationId}:${periodEnd}`)
  return (date?.taxDate.changes ?? []).map(({ reason }) => reason)
}

describe('the changes that come with the data', () => {
  test('hold the four one-offs of rules and the nineteen that belong to no rule', () => {
    const forEverybody = all.filter(({ appliesTo }) => appliesTo === null).map(({ key }) => key)
    const forSome = all.filter(({ appliesTo }) => appliesTo !== null).map(({ key }) => key)
    expect(forEverybody).toEqual(expect.arrayContaining(ONE_OFFS_OF_RULES))
    expect(ONE_OFFS_OF_NO_RULE).toHaveLength(19)
    expect(forSome).toEqual(expect.arrayContaining(ONE_OFFS_OF_NO_RULE))
  })

  test('each is told with the date that it concerns, or says that it concerns none', () => {
    for (const { key, obligationId, periodEnd, reason, appliesTo } of all) {
      if (obligationId === null || periodEnd === null) {
        expect(reason, key).toContain('no obligation of this list')
        expect(appliesTo, key).not.toBeNull()
      } else {
        expect(toldWith(obligationId, periodEnd), key).toContain(reason)
      }
    }
  })

  test('what holds for some only moves nothing and makes no row for a region', () => {
    const rows = datesOf('us-1040').filter(({ periodEnd }) => periodEnd === '2024-12-31')
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({ dueDate: '2025-04-15', region: null, movedBy: [] })
    expect(rows[0]?.changes.length).toBeGreaterThanOrEqual(10)
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
