import type { CountryCode } from '../../../src/rules/tax/country-code.ts'
import type { TaxDateChange } from '../../../src/rules/tax/tax-date-change.ts'

let count = 0

/** A change on record, for everybody everywhere unless it says otherwise. */
export function change(
  announced: Pick<TaxDateChange, 'obligationId' | 'periodEnd' | 'effect' | 'dueDate'> &
    Partial<TaxDateChange>,
): TaxDateChange {
  count += 1
  return {
    country: announced.obligationId?.slice(0, 2).toUpperCase() as CountryCode,
    ...{ id: String(1_000 + count), enteredAt: Date.parse('2026-11-22T00:00:00Z') },
    ...{ region: null, appliesTo: null, reason: 'announced for the test' },
    source: { name: 'a notice', url: 'https://example.org/notice', read: '2026-11-22' },
    ...announced,
  }
}
