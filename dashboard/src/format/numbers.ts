/** In full, as the reader's language writes it; never "1.2k". */
export function whole(value: number): string {
  return value.toLocaleString()
}

const share = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 })
const change = new Intl.NumberFormat(undefined, {
  ...{ style: 'percent', maximumFractionDigits: 1, signDisplay: 'exceptZero' },
})

/** @param of 0: there is no share */
export function percent(part: number, of: number): string {
  return of === 0 ? '–' : share.format(part / of)
}

/** `+12.5 %`; null where there was nothing before, of which no share can be said. */
export function changeOf(now: number, before: number): string | null {
  return before === 0 ? null : change.format(now / before - 1)
}

const parts = new Intl.NumberFormat().formatToParts(1_234.5)
const partOf = (type: 'group' | 'decimal', fallback: string) =>
  parts.find((part) => part.type === type)?.value ?? fallback

/** What a field for numbers must know to show them as `whole` does. */
export const separators = {
  thousandSeparator: partOf('group', ','),
  decimalSeparator: partOf('decimal', '.'),
}

/** Money as the API tells it: a decimal in major units. */
export function money({ amount, currency }: { amount: string; currency: string }): string {
  return Number(amount).toLocaleString(undefined, { style: 'currency', currency })
}
