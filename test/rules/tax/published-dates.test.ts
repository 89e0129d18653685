import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { TaxDate } from '../../../src/rules/tax/tax-dates.ts'
import { datesOf, shipped } from './shipped-data.ts'

/** A date that an authority or a firm printed. Read by this test alone: no rule is bent to fit one. */
type Reading = {
  country: string
  region: string | null
  obligation: string
  ruleId: string | null
  periodStart: string | null
  periodEnd: string
  statutoryDate: string | null
  dueDate: string | null
  dateAsPrinted: string
  dateKind: 'nominal' | 'effective'
  source: string
  suspect?: string
}

const file = new URL('../../fixtures/published-dates.json', import.meta.url)
const readings: Reading[] = JSON.parse(readFileSync(file, 'utf8'))
const covered = readings.filter(({ country }) =>
  [...shipped.countries.keys()].some((code) => code === country),
)

const FIELDS = ['periodStart', 'statutoryDate', 'dueDate'] as const

/** Why a reading does not match, or null where it does. */
function missOf(reading: Reading): string | null {
  const computed = computedFor(reading)
  if (computed === undefined) return 'no such date'
  // A nominal reading was printed before weekends and holidays, an effective one after them.
  const kind = reading.dateKind === 'nominal' ? 'statutoryDate' : 'dueDate'
  const printed: Partial<Record<keyof TaxDate, string | null>> = {
    periodStart: reading.periodStart,
    statutoryDate: reading.statutoryDate,
    dueDate: reading.dueDate,
    [kind]: reading.dateAsPrinted,
  }
  const wrong = FIELDS.filter((field) => printed[field] && computed[field] !== printed[field])
  if (wrong.length === 0) return null
  return wrong.map((field) => `${field} ${computed[field]}, not ${printed[field]}`).join('; ')
}

function computedFor({ ruleId, periodEnd, region }: Reading): TaxDate | undefined {
  if (ruleId === null) return undefined
  const dates = datesOf(ruleId, { periodEndMonths: [Number(periodEnd.slice(5, 7))] })
  return dates.find((date) => date.periodEnd === periodEnd && date.region === region)
}

describe('dates that authorities and firms printed', () => {
  const ofRules = covered.filter(({ ruleId }) => ruleId !== null)
  const results = ofRules.map((reading) => ({ reading, miss: missOf(reading) }))

  test.each([...shipped.countries.keys()])('%s: at least 99 of 100 match', (country) => {
    const sound = results.filter((result) => {
      return result.reading.country === country && result.reading.suspect === undefined
    })
    const missed = sound.filter(({ miss }) => miss !== null)
    const share = (100 * (sound.length - missed.length)) / sound.length
    console.log(`${country}: ${share.toFixed(1)} % of ${sound.length} readings match`)
    for (const { reading, miss } of missed) {
      console.log(`  ${reading.ruleId} ${reading.periodEnd}: ${miss} (${reading.source})`)
    }
    expect(sound.length).toBeGreaterThan(10)
    expect(share).toBeGreaterThanOrEqual(99)
  })

  test('those that are suspect are listed with the reason', () => {
    const suspect = results.filter(({ reading }) => reading.suspect !== undefined)
    for (const { reading, miss } of suspect) {
      const found = miss ?? 'matches all the same'
      console.log(`${reading.ruleId} ${reading.periodEnd}: ${found} | suspect: ${reading.suspect}`)
    }
    expect(suspect.every(({ miss }) => miss !== null)).toBe(true)
  })

  test('one-offs belong to no rule and change none', () => {
    for (const { country, obligation, region, dueDate } of covered.filter((r) => !r.ruleId)) {
      console.log(`one-off, not in the data: ${country} ${region ?? ''} ${obligation} ${dueDate}`)
    }
    expect(covered.length - ofRules.length).toBe(15)
  })
})
