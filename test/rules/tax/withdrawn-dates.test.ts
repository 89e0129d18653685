import { describe, expect, test } from 'vitest'
import { filterOf } from '../../../src/rules/tax/search-tax-dates.ts'
import { recordsOf, type TaxDateChange } from '../../../src/rules/tax/tax-date-change.ts'
import { createTaxHistory } from '../../../src/rules/tax/tax-history.ts'
import { changesOnRecord, withdrawnDates } from '../../../src/rules/tax/withdrawn-dates.ts'
import { change } from './announced.ts'
import { fromRules } from './shipped-data.ts'

const data = fromRules
const clock = () => Date.parse('2026-11-22T12:00:00Z')

const vat = { obligationId: 'gb-vat', periodEnd: '2025-10-31' }
const income = { obligationId: 'us-1040', periodEnd: '2029-12-31' }
const moved = (what: typeof vat, dueDate: string, more: Partial<TaxDateChange> = {}) =>
  change({ ...what, effect: 'MOVED', dueDate, ...more })
const withdrawn = (what: typeof vat, more: Partial<TaxDateChange> = {}) =>
  change({ ...what, effect: 'WITHDRAWN', dueDate: null, ...more })
const restored = (what: typeof vat, more: Partial<TaxDateChange> = {}) =>
  change({ ...what, effect: 'RESTORED', dueDate: null, ...more })

/** `<id> <last due date>` of dates, and of payments that are no more, as seen in these regions. */
function goneAfter(changes: readonly TaxDateChange[], regions: readonly string[] | null = null) {
  const history = createTaxHistory(data, clock)
  history.record(changes)
  const code = changes[0]?.country ?? 'GB'
  const country = data.countries.get(code)
  if (!country) throw new Error(`no ${code}`)
  const states = changesOnRecord(history).statesOf(code)
  const gone = withdrawnDates(states, regions && new Set(regions), filterOf([country], {}))
  return {
    dates: gone.dates.map(({ taxDate }) => `${taxDate.id} ${taxDate.dueDate}`),
    payments: gone.payments.map(({ taxDate }) => `${taxDate.id} ${taxDate.payBy}`),
  }
}
const nothing = { dates: [], payments: [] }

describe('a date that was said once', () => {
  test('is gone when it is withdrawn, with the payment before it, as it stood last', () => {
    expect(goneAfter([withdrawn(vat)])).toEqual({
      dates: ['gb-vat:2025-10-31 2025-12-07'],
      payments: ['gb-vat:2025-10-31 2025-12-05'],
    })
    expect(goneAfter([moved(vat, '2026-01-11'), withdrawn(vat)])).toEqual({
      dates: ['gb-vat:2025-10-31 2026-01-11'],
      payments: ['gb-vat:2025-10-31 2026-01-09'],
    })
  })

  test('is not gone when it moves or is restored, or what holds for some only is withdrawn', () => {
    expect(goneAfter([moved(vat, '2026-01-11')])).toEqual(nothing)
    expect(goneAfter([withdrawn(vat), restored(vat)])).toEqual(nothing)
    expect(goneAfter([withdrawn(vat, { appliesTo: 'charities' })])).toEqual(nothing)
    expect(goneAfter([])).toEqual(nothing)
  })

  test('loses its payment where it moves to a day on which one can pay', () => {
    expect(goneAfter([moved(vat, '2026-01-12')])).toEqual({
      dates: [],
      payments: ['gb-vat:2025-10-31 2025-12-05'],
    })
    expect(goneAfter([moved(vat, '2026-01-12'), withdrawn(vat)])).toEqual({
      dates: ['gb-vat:2025-10-31 2026-01-12'],
      payments: ['gb-vat:2025-10-31 2025-12-05'],
    })
    expect(goneAfter([moved(vat, '2026-01-12'), restored(vat)])).toEqual(nothing)
  })
})

describe('a region’s date', () => {
  const nationwide = 'us-1040:2029-12-31 2030-04-15'
  const florida = { region: 'US-FL' }

  test('goes when what made it is restored', () => {
    const changes = [moved(income, '2030-05-01', florida), restored(income, florida)]
    expect(goneAfter(changes)).toEqual({
      dates: ['us-1040:2029-12-31:US-FL 2030-05-01'],
      payments: [],
    })
  })

  test('withdraws the nationwide date for who sees that region alone', () => {
    const changes = [moved(income, '2030-05-01', florida)]
    expect(goneAfter(changes, ['US-FL'])).toEqual({ dates: [nationwide], payments: [] })
    expect(goneAfter(changes, ['US-FL', 'US-TX'])).toEqual(nothing)
    expect(goneAfter(changes, ['US-TX'])).toEqual(nothing)
    expect(goneAfter(changes)).toEqual(nothing)
    expect(goneAfter([withdrawn(income, florida)], ['US-FL']).dates).toEqual([nationwide])
    expect(goneAfter([withdrawn(income, florida), restored(income, florida)], ['US-FL'])).toEqual(
      nothing,
    )
  })

  test('goes where a day is named for everybody', () => {
    expect(goneAfter([moved(income, '2030-06-03')]).dates).toEqual([
      'us-1040:2029-12-31:US-MA 2030-04-17',
      'us-1040:2029-12-31:US-ME 2030-04-17',
    ])
  })
})

describe('what is on record', () => {
  test('holds every change of a period, whatever its scope, in the order of entry', () => {
    const history = createTaxHistory(data, clock)
    const changes = [
      moved(income, '2030-05-01', { region: 'US-FL' }),
      moved(vat, '2026-01-11'),
      withdrawn(income, { appliesTo: 'some' }),
    ]
    history.record(changes)
    const record = changesOnRecord(history)
    expect(record.of('us-1040', '2029-12-31')).toEqual([changes[0], changes[2]])
    expect(record.of('us-1040', '2028-12-31')).toEqual([])
    expect(record.statesOf('US')).toHaveLength(3)
    expect(record.statesOf('GB')).toHaveLength(2)
    expect(record.statesOf('AU')).toEqual([])
  })

  test('leaves what changed once as it is, while another period changes on and on', () => {
    const gone = withdrawn(vat)
    const later = { ...vat, periodEnd: '2025-11-30' }
    const often = Array.from({ length: 40 }, (_one, index) =>
      moved(later, `2026-02-${String(1 + (index % 28)).padStart(2, '0')}`),
    )
    expect(goneAfter([gone, ...often]).dates).toEqual(['gb-vat:2025-10-31 2025-12-07'])
    const history = createTaxHistory(data, clock)
    history.record([gone, ...often])
    const sizes = changesOnRecord(history)
      .statesOf('GB')
      .map(({ periods }) => periods.size)
    expect(sizes).toEqual([2, 2, ...often.slice(1).map(() => 1)])
  })

  test('is computed once a state of the data', () => {
    const history = createTaxHistory(data, clock)
    history.record([moved(vat, '2026-01-11')])
    const first = changesOnRecord(history)
    expect(changesOnRecord(history)).toBe(first)
    history.record([withdrawn(vat)])
    expect(changesOnRecord(history)).not.toBe(first)
  })

  test('withdraws no date by the changes that ship', () => {
    const history = createTaxHistory(data, clock)
    const all = [...data.countries.values()].flatMap(({ shippedChanges }) => shippedChanges)
    history.record(recordsOf(all))
    for (const [code, country] of data.countries) {
      const states = changesOnRecord(history).statesOf(code)
      expect(withdrawnDates(states, null, filterOf([country], {})).dates).toEqual([])
    }
  })
})
