import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyChanges, changedDatesOf } from '../../../src/rules/tax/apply-changes.ts'
import { yearOf } from '../../../src/rules/tax/calendar-date.ts'
import { byDueDateThenId, type TaxData } from '../../../src/rules/tax/tax-data.ts'
import type { TaxDateChange } from '../../../src/rules/tax/tax-date-change.ts'
import type { TaxDate } from '../../../src/rules/tax/tax-dates.ts'
import { change } from './announced.ts'
import { fromRules } from './shipped-data.ts'

const rules = fromRules

/** One with regions whose calendar is another, one of a single region, and one with a payment day. */
const periods = [
  { country: 'US', obligationId: 'us-1040', periodEnd: '2023-12-31', own: null },
  { country: 'US', obligationId: 'us-1040', periodEnd: '2024-12-31', own: null },
  { country: 'AU', obligationId: 'au-vic-payroll-m', periodEnd: '2026-03-31', own: 'AU-VIC' },
  { country: 'GB', obligationId: 'gb-sa-balance', periodEnd: '2025-04-05', own: null },
] as const

type Period = (typeof periods)[number]

const regionsOf = ({ own }: Period): readonly (string | null)[] =>
  own === null ? [null, 'US-ME', 'US-MA', 'US-CA'] : [null, own]

const anyChange: fc.Arbitrary<TaxDateChange> = fc
  .record({
    period: fc.constantFrom(...periods),
    regionIndex: fc.nat(3),
    effect: fc.constantFrom('MOVED', 'MOVED', 'WITHDRAWN', 'RESTORED' as const),
    day: fc.constantFrom('2024-04-15', '2024-04-17', '2025-06-16', '2026-01-30', '2027-12-31'),
    some: fc.boolean(),
  })
  .map(({ period, regionIndex, effect, day, some }) => {
    const regions = regionsOf(period)
    return change({
      country: period.country,
      obligationId: period.obligationId,
      periodEnd: period.periodEnd,
      region: regions[regionIndex % regions.length] ?? null,
      effect: effect as TaxDateChange['effect'],
      dueDate: effect === 'MOVED' ? day : null,
      appliesTo: some && regionIndex === 3 ? 'some taxpayers' : null,
    })
  })
const anyChanges = fc.array(anyChange, { maxLength: 12 })

function allDates(data: TaxData): TaxDate[] {
  return [...data.countries.values()]
    .flatMap(({ datesByYear }) => [...datesByYear.values()].flat())
    .map(({ taxDate }) => taxDate)
}

function isConcerned({ obligation, periodEnd }: TaxDate): boolean {
  return periods.some((one) => one.obligationId === obligation.id && one.periodEnd === periodEnd)
}

/** When somebody in that region must act, as the index answers; null: there is no duty. */
function dueIn(data: TaxData, period: Period, region: string | null): string | null {
  const rows = [...(data.countries.get(period.country)?.datesByYear.values() ?? [])]
    .flat()
    .filter(
      ({ taxDate }) =>
        taxDate.obligation.id === period.obligationId && taxDate.periodEnd === period.periodEnd,
    )
  const row =
    rows.find(({ taxDate }) => taxDate.region === region) ??
    rows.find(
      ({ taxDate, replacedIn }) => taxDate.region === null && !replacedIn.includes(region ?? ''),
    )
  return row?.taxDate.dueDate ?? null
}

/** The same, reckoned from what was announced alone: the region's last word, else everybody's. */
function announcedIn(
  changes: readonly TaxDateChange[],
  period: Period,
  region: string | null,
): string | null {
  const lastOf = (scopes: readonly (string | null)[]) =>
    changes.findLast(
      (one) =>
        one.obligationId === period.obligationId &&
        one.periodEnd === period.periodEnd &&
        one.appliesTo === null &&
        scopes.includes(one.region),
    )
  const everybody = lastOf([null, period.own])
  const there = region === period.own ? everybody : lastOf([region])
  for (const one of [there, everybody]) {
    if (one && one.effect !== 'RESTORED') return one.dueDate
  }
  return dueIn(rules, period, region)
}

const asked = periods.flatMap((period) =>
  (period.own === null ? regionsOf(period) : [period.own]).map((region) => ({ period, region })),
)

describe('whatever is announced', () => {
  test('in each region the last word holds: its own, else that for everybody, else the rule', () => {
    fc.assert(
      fc.property(anyChanges, (changes) => {
        const data = applyChanges(rules, changes)
        for (const { period, region } of asked) {
          expect([period, region, dueIn(data, period, region)]).toEqual([
            period,
            region,
            announcedIn(changes, period, region),
          ])
        }
      }),
      { numRuns: 60 },
    )
  })

  test('there is one date an obligation, period and region, in the order of the answer, in its year', () => {
    fc.assert(
      fc.property(anyChanges, (changes) => {
        const data = applyChanges(rules, changes)
        const dates = allDates(data)
        expect(new Set(dates.map(({ id }) => id)).size).toBe(dates.length)
        for (const { datesByYear } of data.countries.values()) {
          for (const [year, ofYear] of datesByYear) {
            expect(ofYear).toEqual([...ofYear].sort(byDueDateThenId))
            expect(ofYear.every(({ taxDate }) => yearOf(taxDate.dueDate) === year)).toBe(true)
          }
        }
      }),
      { numRuns: 15 },
    )
  })

  test('a restoration of each scope undoes all of it, but for what is told', () => {
    fc.assert(
      fc.property(anyChanges, (changes) => {
        const undoing = changes.map((one) =>
          change({
            ...one,
            effect: 'RESTORED',
            dueDate: null,
            id: `${Number(one.id) + 1_000_000}`,
          }),
        )
        const data = applyChanges(rules, [...changes, ...undoing])
        const untold = (dates: readonly TaxDate[]) =>
          dates.filter(isConcerned).map((date) => ({ ...date, changes: [] }))
        expect(untold(allDates(data))).toEqual(untold(allDates(rules)))
      }),
      { numRuns: 15 },
    )
  })

  test('no other date is touched, and the rules are not altered', () => {
    const before = allDates(rules)
    fc.assert(
      fc.property(anyChanges, (changes) => {
        const ids = new Set(
          changes.map(({ obligationId, periodEnd }) => `${obligationId}:${periodEnd}`),
        )
        const untouched = ({ obligation, periodEnd }: TaxDate) =>
          !ids.has(`${obligation.id}:${periodEnd}`)
        const after = new Set(allDates(applyChanges(rules, changes)))
        expect(before.filter(untouched).every((date) => after.has(date))).toBe(true)
        expect(allDates(rules)).toEqual(before)
      }),
      { numRuns: 10 },
    )
  })

  test('the dates of one period are those that the whole has', () => {
    fc.assert(
      fc.property(anyChanges, fc.constantFrom(...periods), (changes, period) => {
        const isOfPeriod = (one: { obligationId: string | null; periodEnd: string | null }) =>
          one.obligationId === period.obligationId && one.periodEnd === period.periodEnd
        const whole = allDates(applyChanges(rules, changes)).filter(({ obligation, periodEnd }) =>
          isOfPeriod({ obligationId: obligation.id, periodEnd }),
        )
        const alone = changedDatesOf(rules, period, changes.filter(isOfPeriod))
        const byId = (a: TaxDate, b: TaxDate) => (a.id < b.id ? -1 : 1)
        expect([...alone].sort(byId)).toEqual(whole.sort(byId))
      }),
      { numRuns: 40 },
    )
  })
})

describe('a change', () => {
  const moved = change({
    obligationId: 'gb-sa-balance',
    periodEnd: '2025-04-05',
    effect: 'MOVED',
    dueDate: '2026-03-01',
  })

  test('leaves the statutory date, says what moved it, and lets the day of payment follow', () => {
    const [date] = changedDatesOf(rules, { ...periods[3] }, [moved])
    expect(date).toMatchObject({
      id: 'gb-sa-balance:2025-04-05',
      statutoryDate: '2026-01-31',
      dueDate: '2026-03-01',
      // 1 March 2026 is a Sunday.
      payBy: '2026-02-27',
      shiftedBy: 'announced: announced for the test',
      movedBy: [{ kind: 'CHANGE', date: null, calendar: null }],
      changes: [moved],
    })
  })

  test('for some only is told with the date, and moves nothing', () => {
    const forSome = { ...moved, appliesTo: 'who lives in a flooded street' }
    const [date] = changedDatesOf(rules, { ...periods[3] }, [forSome])
    expect(date).toMatchObject({ dueDate: '2026-01-31', shiftedBy: null, changes: [forSome] })
  })

  test('of a region that leaves it no row of its own is told with the date for everybody', () => {
    const period = { country: 'US', obligationId: 'us-1040', periodEnd: '2026-12-31' } as const
    const there = { ...period, region: 'US-CA' } as const
    const postponed = change({ ...there, id: '1', effect: 'MOVED', dueDate: '2027-10-15' })
    const gone = change({ ...there, id: '2', effect: 'WITHDRAWN', dueDate: null })
    const told = (changes: TaxDateChange[]) =>
      changedDatesOf(rules, period, changes).map((date) => [
        date.region,
        date.changes.map(({ id }) => id),
      ])
    expect(told([postponed])).toEqual([
      [null, []],
      ['US-CA', ['1']],
    ])
    expect(told([postponed, gone])).toEqual([[null, ['2', '1']]])
  })

  test('that a release does not know the obligation of changes nothing', () => {
    const unknown = change({ ...moved, obligationId: 'gb-of-a-later-release', country: 'GB' })
    expect(allDates(applyChanges(rules, [unknown]))).toEqual(allDates(rules))
  })
})
