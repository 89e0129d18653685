import { beforeEach, describe, expect, test } from 'vitest'
import { addDays } from '../../src/rules/tax/calendar-date.ts'
import { datesRead, noteDatesRead } from '../../src/store/dates-read.ts'
import { codeOf, now, owner, useTwoAccounts } from './two-accounts.ts'

const state = useTwoAccounts()
const today = new Date(now).toISOString().slice(0, 10)

beforeEach(async () => {
  await datesRead(state.database.db).deleteMany({})
})

const source = `query ($from: Date = "2026-10-01", $to: Date = "2026-11-05", $countries: [CountryCode!]) {
  usageDeadlines(startDate: $from, endDate: $to, countries: $countries) { date country taxTypes }
}`
type Deadline = { date: string; country: string; taxTypes: string[] }
const deadlines = async (variables: Record<string, unknown> = {}) =>
  (await state.asked(owner, source, variables)).data?.usageDeadlines as Deadline[]

describe('the due dates beside usage', () => {
  test('are those that the keys of the account asked for lately', async () => {
    expect(await deadlines()).toEqual([])
    await noteDatesRead(state.database.db, [[state.second._id, ['au-bas-q-self']]], new Date(now))
    expect(await deadlines()).toEqual([
      { date: '2026-10-28', country: 'AU', taxTypes: ['GST/BAS quarterly'] },
    ])
    // Another account's are none of its business.
    await noteDatesRead(state.database.db, [[state.foreign._id, ['GB']]], new Date(now))
    expect(await deadlines()).toHaveLength(1)
  })

  test('or of the countries that are chosen, each day and country once, in order', async () => {
    const found = await deadlines({ countries: ['NZ', 'AU'] })
    const names = found.map(({ date, country }) => `${date} ${country}`)
    expect(names).toEqual([...new Set(names)].sort())
    expect(new Set(found.map(({ country }) => country))).toEqual(new Set(['AU', 'NZ']))
    expect(found.some(({ taxTypes }) => taxTypes.length > 1)).toBe(true)
    expect(found.every(({ taxTypes }) => new Set(taxTypes).size === taxTypes.length)).toBe(true)
    expect(await deadlines({ countries: [] })).toEqual([])
  })

  test('reach two weeks ahead of today and no further', async () => {
    const countries = ['AU', 'GB', 'IN', 'US']
    const last = addDays(today, 14)
    const found = await deadlines({ from: today, to: addDays(today, 60), countries })
    expect(found.length).toBeGreaterThan(0)
    expect(found.filter(({ date }) => date > last)).toEqual([])
    expect(await deadlines({ from: addDays(last, 1), to: addDays(last, 9), countries })).toEqual([])
  })

  test('are those of at most 92 days', async () => {
    const tooLong = { from: '2026-08-01', to: '2026-11-01' }
    expect(codeOf(await state.asked(owner, source, tooLong))).toBe('BAD_USER_INPUT')
  })
})
