interface Money {
  /** Decimal, in major units. */
  amount: string
  /** ISO 4217 */
  currency: string
}

/** With its currency, as the reader's language writes it, and no digit lost: unit prices have up to six decimals. */
export function moneyInWords({ amount, currency }: Money): string {
  const given = amount.split('.')[1]?.length ?? 0
  const { maximumFractionDigits: usual = 2 } = new Intl.NumberFormat(undefined, {
    ...{ style: 'currency', currency },
  }).resolvedOptions()
  return new Intl.NumberFormat(undefined, {
    ...{ style: 'currency', currency, currencyDisplay: 'code' },
    maximumFractionDigits: Math.max(given, usual),
  }).format(amount as `${number}`)
}

export function MoneyAmount({ of }: { of: Money }) {
  return <span className="figures">{moneyInWords(of)}</span>
}
