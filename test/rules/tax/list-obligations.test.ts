import { describe, expect, test } from 'vitest'
import { listCountries, listObligations } from '../../../src/rules/tax/list-obligations.ts'
import { shipped } from './shipped-data.ts'

describe('countries and obligations', () => {
  test('list the twelve countries by code, with all their obligations', () => {
    const countries = listCountries(shipped)
    expect(countries.map(({ code, name }) => `${code} ${name}`)).toEqual([
      'AU Australia',
      'CA Canada',
      'DE Germany',
      'FR France',
      'GB United Kingdom',
      'HK Hong Kong',
      'IE Ireland',
      'IN India',
      'NZ New Zealand',
      'SG Singapore',
      'US United States',
      'ZA South Africa',
    ])
    expect(countries.map(({ obligations }) => obligations.length)).toEqual([
      ...[37, 23, 16, 4, 34, 2],
      ...[13, 11, 24, 8, 40, 6],
    ])
  })

  test('speak the words of the contract', () => {
    const bas = listObligations(shipped, { country: 'AU' })[0]
    expect(bas).toMatchObject({
      id: 'au-bas-q-self',
      country: 'AU',
      region: null,
      action: 'FILE_AND_PAY',
      evidence: 'OFFICIAL',
      rule: '28th of the month after quarter end; December quarter on 28 February',
    })
    expect(Object.keys(bas?.sources[0] ?? {})).toEqual(['name', 'url', 'read'])
    expect(bas?.sources[0]?.url).toMatch(/^https:\/\/ato\.gov\.au\//)
    const balance = listObligations(shipped, { country: 'GB' }).find(
      (o) => o.id === 'gb-sa-balance',
    )
    expect(balance?.rule).toBe(
      '31 January; pay by the previous working day ' +
        '(payment only; Faster Payments may arrive on the day itself)',
    )
  })

  test('with a region leave out what exists in other regions only', () => {
    const regions = (region?: string) => {
      const found = listObligations(shipped, { country: 'AU', region })
      return new Set(found.map((obligation) => obligation.region))
    }
    expect(regions()).toEqual(
      new Set([null, 'AU-NSW', 'AU-QLD', 'AU-VIC', 'AU-ACT', 'AU-SA', 'AU-TAS']),
    )
    expect(regions('AU-TAS')).toEqual(new Set([null, 'AU-TAS']))
  })
})
