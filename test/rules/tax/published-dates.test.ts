import { describe, expect, test } from 'vitest'
import { accuracyOf, faultsOf, matches } from '../../../scripts/tax-report/accuracy.ts'
import { fromRules, shipped } from './shipped-data.ts'

const report = accuracyOf(shipped, fromRules)
const countries = report.countries.map((country) => [country.code, country] as const)

/** In words, so that a failure names what is missing. */
function told({ reading, differences }: (typeof report.countries)[number]['sound'][number]) {
  return `${reading.ruleId} ${reading.periodEnd}: ${differences.join('; ')}`
}

describe('dates that authorities and firms printed', () => {
  test('all that were gathered are held against a date', () => {
    const sum = (count: (country: (typeof report.countries)[number]) => number) =>
      report.countries.reduce((total, country) => total + count(country), 0)
    expect(report.countries).toHaveLength(12)
    expect(sum(({ sound }) => sound.length)).toBe(454)
    expect(sum(({ suspect }) => suspect.length)).toBe(24)
    expect(sum(({ oneOffs }) => oneOffs.length)).toBe(19)
  })

  test.each(countries)('%s: at least 99 of 100 match', (_code, { sound }) => {
    const missed = sound.filter((one) => !matches(one)).map(told)
    expect(100 * missed.length, missed.join('\n')).toBeLessThanOrEqual(sound.length)
  })

  test('no country but Singapore is without', () => {
    const without = countries.filter(([, { sound }]) => sound.length === 0).map(([code]) => code)
    expect(without).toEqual(['SG'])
  })

  test('a suspect one says why, and contradicts a date that is in the data', () => {
    for (const { suspect } of report.countries) {
      for (const one of suspect) {
        expect(one.explanation, told(one)).toBe(one.reading.suspect)
        expect(one.differences).not.toContain('no such date')
      }
    }
  })

  test('a one-off is carried by an announced change that says the same day', () => {
    for (const [code, { oneOffs }] of countries) {
      for (const { obligation, printed, carriedBy } of oneOffs) {
        const changes = shipped.countries.get(code)?.shippedChanges ?? []
        const change = changes.find(({ key }) => key === carriedBy)
        expect(change?.dueDate, obligation).toBe(printed)
      }
    }
  })

  test('nothing is left unexplained', () => {
    expect(faultsOf(report)).toEqual([])
  })
})
