import { beforeEach, describe, expect, test } from 'vitest'
import { BadInput } from '../../../src/rules/bad-input.ts'
import { findTaxDates } from '../../../src/rules/tax/find-tax-dates.ts'
import type { TaxData } from '../../../src/rules/tax/tax-data.ts'
import type { TaxDateChange } from '../../../src/rules/tax/tax-date-change.ts'
import { createTaxHistory, type GrowingTaxHistory } from '../../../src/rules/tax/tax-history.ts'
import { change } from './announced.ts'
import { fromRules } from './shipped-data.ts'

const rules = fromRules
const period = { obligationId: 'au-bas-q-self', periodEnd: '2026-12-31' }
let now = 0
let history: GrowingTaxHistory

beforeEach(() => {
  now = Date.parse('2026-11-24T12:00:00Z')
  history = createTaxHistory(rules, () => now)
})

function moved(id: number, enteredAt: string, dueDate: string): TaxDateChange {
  const own = { id: String(id), enteredAt: Date.parse(enteredAt) }
  return change({ ...period, effect: 'MOVED', dueDate, ...own })
}

function dueIn(data: TaxData): string | undefined {
  const query = { country: 'AU', year: 2027, obligationIds: [period.obligationId] }
  return findTaxDates(data, query).edges.find(({ node }) => node.periodEnd === period.periodEnd)
    ?.node.dueDate
}

describe('the history of tax dates', () => {
  test('says of each day what the API said when it ended', () => {
    history.record([
      moved(1, '2026-11-22T00:00:00Z', '2027-03-10'),
      moved(2, '2026-11-22T23:59:59.999Z', '2027-03-11'),
      moved(3, '2026-11-23T00:00:00Z', '2027-03-12'),
      moved(4, '2026-11-24T11:59:00Z', '2027-03-13'),
    ])
    const said = ['2026-11-21', '2026-11-22', '2026-11-23', '2026-11-24'].map((day) =>
      dueIn(history.asKnownOn(day)),
    )
    expect(said).toEqual(['2027-03-02', '2027-03-11', '2027-03-12', '2027-03-13'])
    expect(dueIn(history.current())).toBe('2027-03-13')
    expect(dueIn(history.fromRules())).toBe('2027-03-02')
  })

  test('before the first change says what the rules say', () => {
    history.record([moved(1, '2026-11-22T00:00:00Z', '2027-03-10')])
    expect(history.asKnownOn('2019-05-01')).toBe(rules)
  })

  test('a day that is not over changes with what is announced on it', () => {
    history.record([moved(1, '2026-11-22T00:00:00Z', '2027-03-10')])
    expect(dueIn(history.asKnownOn('2026-11-24'))).toBe('2027-03-10')
    history.record([moved(2, '2026-11-24T12:00:00Z', '2027-03-11')])
    expect(dueIn(history.asKnownOn('2026-11-24'))).toBe('2027-03-11')
    expect(dueIn(history.asKnownOn('2026-11-23'))).toBe('2027-03-10')
  })

  test('says today what it says now, also where a clock ran ahead', () => {
    history.record([moved(1, '2026-11-25T00:00:10Z', '2027-03-10')])
    expect(dueIn(history.asKnownOn('2026-11-24'))).toBe('2027-03-10')
    expect(dueIn(history.asKnownOn('2026-11-23'))).toBe('2027-03-02')
  })

  test('keeps few days, and answers each the same however often', () => {
    const changes = Array.from({ length: 20 }, (_, index) => {
      const day = String(index + 1).padStart(2, '0')
      return moved(index + 1, `2026-10-${day}T08:00:00Z`, `2027-03-${day}`)
    })
    history.record(changes)
    for (const round of [1, 2]) {
      for (const { dueDate, enteredAt } of changes) {
        const day = new Date(enteredAt).toISOString().slice(0, 10)
        expect([round, day, dueIn(history.asKnownOn(day))]).toEqual([round, day, dueDate])
      }
    }
    const first = history.asKnownOn('2026-10-19')
    expect(history.asKnownOn('2026-10-19')).toBe(first)
  })

  test.each(['2026-11-25', '9999-12-31', 'yesterday', '2026-02-30', ''])(
    'refuses %s as a day',
    (day) => {
      expect(() => history.asKnownOn(day)).toThrow(BadInput)
    },
  )

  test('today ends with the day, UTC', () => {
    now = Date.parse('2026-11-24T23:59:59.999Z')
    expect(() => history.asKnownOn('2026-11-25')).toThrow(/future/)
    now += 1
    expect(() => history.asKnownOn('2026-11-25')).not.toThrow()
  })

  test('passes over what it knows, in whatever pieces it comes', () => {
    const changes = [1, 2, 3].map((id) => moved(id, '2026-11-22T00:00:00Z', `2027-03-1${id}`))
    expect(history.record(changes.slice(0, 2))).toBe(2)
    expect(history.record(changes)).toBe(1)
    expect(history.record(changes)).toBe(0)
    expect(history.changes().map(({ id }) => id)).toEqual(['1', '2', '3'])
    const date = history.datesOf(changes[0] ?? moved(1, '', ''))[0]
    expect(date?.changes.map(({ id }) => id)).toEqual(['3', '2', '1'])
  })

  test('orders ids as numbers', () => {
    history.record([9, 10].map((id) => moved(id, '2026-11-22T00:00:00Z', `2027-03-${id + 3}`)))
    expect(history.record([moved(2, '2026-11-22T00:00:00Z', '2027-03-30')])).toBe(0)
    expect(dueIn(history.current())).toBe('2027-03-13')
  })

  test('tells the dates before a change and after it, whatever came later', () => {
    const changes = [1, 2, 3].map((id) => moved(id, '2026-11-22T00:00:00Z', `2027-03-1${id}`))
    history.record(changes)
    const around = changes.map((one) => {
      const { before, after } = history.datesAround(one)
      return [before[0]?.dueDate, after[0]?.dueDate]
    })
    expect(around).toEqual([
      ['2027-03-02', '2027-03-11'],
      ['2027-03-11', '2027-03-12'],
      ['2027-03-12', '2027-03-13'],
    ])
  })

  test('a withdrawal leaves no date, and a notice has none', () => {
    const gone = change({ ...period, effect: 'WITHDRAWN', dueDate: null, id: '1' })
    const notice = change({
      ...{ obligationId: null, periodEnd: null, country: 'AU', id: '2' },
      ...{ effect: 'MOVED', dueDate: '2027-03-15' },
    })
    history.record([gone, notice])
    expect(history.datesOf(gone)).toEqual([])
    expect(history.datesAround(gone).before).toHaveLength(1)
    expect(history.datesOf(notice)).toEqual([])
    expect(dueIn(history.current())).toBeUndefined()
  })
})
