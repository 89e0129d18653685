import type { InvoiceContent, InvoiceLine } from './invoice.ts'
import { amountText, dividedHalfUp, storedMinor } from './money.ts'

/** Decimals of a tax rate in percent. */
const RATE_DIGITS = 4

/**
 * Tax on an amount, rounded half up by size.
 * @param rate decimal percentage, at most four decimals: `8.875`
 */
export function taxOn(amount: bigint, rate: string): bigint {
  const [whole = '0', fraction = ''] = rate.split('.')
  const scaled = BigInt(whole + fraction.padEnd(RATE_DIGITS, '0'))
  return dividedHalfUp(amount * scaled, 100n * 10n ** BigInt(RATE_DIGITS))
}

/**
 * The sums of a document's lines, with the tax as the last line where there is one.
 * @param tax null: none of ours
 * @throws RangeError where a sum is too large to be stored
 */
export function totalsOf(
  lines: readonly InvoiceLine[],
  tax: { name: string; rate: string } | null,
  currency: string,
): Pick<InvoiceContent, 'lines' | 'subtotal' | 'tax' | 'total'> {
  const subtotal = lines.reduce((sum, { amount }) => sum + BigInt(amount), 0n)
  if (!tax || Number(tax.rate) === 0) {
    return {
      lines: [...lines],
      subtotal: storedMinor(subtotal),
      tax: null,
      total: storedMinor(subtotal),
    }
  }
  const amount = taxOn(subtotal, tax.rate)
  return {
    lines: [...lines, taxLine(tax, amount, currency)],
    subtotal: storedMinor(subtotal),
    tax: { ...tax, amount: storedMinor(amount) },
    total: storedMinor(subtotal + amount),
  }
}

export function taxLine(
  { name, rate }: { name: string; rate: string },
  amount: bigint,
  currency: string,
): InvoiceLine {
  return {
    ...{ what: 'tax', apiKeyId: null, tier: null, quantity: 1 },
    description: `${name} ${rate} %`,
    unitPrice: amountText(amount, currency),
    amount: storedMinor(amount),
  }
}
