import { BadInput } from '../bad-input.ts'
import { type BillingProvider, providerName } from './fact.ts'
import type { InvoiceContent, InvoiceLine } from './invoice.ts'
import { amountText, dividedHalfUp, minorOf, storedMinor } from './money.ts'
import { taxLine } from './totals.ts'

type Sums = Pick<InvoiceContent, 'lines' | 'subtotal' | 'tax' | 'total'>

/** What can still be given back of a document, whole minor units. */
export function creditableOf(total: number, credited: number): number {
  return Math.max(0, total - credited)
}

/**
 * An amount that an operator gives back, whole minor units above 0.
 * @throws BadInput
 */
export function creditAmount(text: string, currency: string, creditable: number): number {
  let amount: number
  try {
    amount = storedMinor(minorOf(text, currency))
  } catch {
    throw new BadInput(`"amount" must be a decimal such as ${amountText(1234, currency)}.`)
  }
  if (amount <= 0) throw new BadInput('"amount" must be above 0.')
  if (amount > creditable) {
    throw new BadInput(`At most ${amountText(creditable, currency)} can be given back.`)
  }
  return amount
}

/**
 * Lines of a credit note over a part of an invoice, tax included. Its share of the tax is reckoned on all that was
 * credited so far, so that the shares of several notes add up to the tax of the whole.
 * @param credited before this one, whole minor units
 */
export function creditLines(
  invoice: Pick<InvoiceContent, 'tax' | 'total' | 'currency' | 'number'>,
  { amount, credited, reason }: { amount: number; credited: number; reason: string },
): Sums {
  const { tax, total, currency } = invoice
  const taxThrough = (sum: number) =>
    tax ? dividedHalfUp(BigInt(tax.amount) * BigInt(sum), BigInt(total)) : 0n
  const ofTax = taxThrough(credited + amount) - taxThrough(credited)
  const net = -(BigInt(amount) - ofTax)
  const line = givenBack('credit', reason, net, currency)
  return {
    lines: tax ? [line, taxLine(tax, -ofTax, currency)] : [line],
    subtotal: storedMinor(net),
    tax: tax && { ...tax, amount: storedMinor(-ofTax) },
    total: -amount,
  }
}

/** Lines of a credit note over what a provider gave back: its tax is the provider's. */
export function refundLines(
  provider: BillingProvider,
  { amount, currency, of }: { amount: number; currency: string; of: string | null },
): Sums {
  const description = `Refund by ${providerName(provider)}${of === null ? '' : ` of its invoice ${of}`}`
  const line = givenBack('refund', description, -BigInt(amount), currency)
  return { lines: [line], subtotal: -amount, tax: null, total: -amount }
}

function givenBack(
  what: 'credit' | 'refund',
  description: string,
  amount: bigint,
  currency: string,
): InvoiceLine {
  return {
    ...{ what, apiKeyId: null, tier: null, description, quantity: 1 },
    unitPrice: amountText(amount, currency),
    amount: storedMinor(amount),
  }
}

/** Stripe counts some currencies otherwise than ISO 4217 (docs.stripe.com/currencies, read 2026-11). */
const stripeDiffers: Readonly<Record<string, (amount: number) => number>> = {
  ISK: (amount) => Math.round(amount / 100),
  UGX: (amount) => Math.round(amount / 100),
  MGA: (amount) => amount * 100,
}

/** What a provider calls its smallest unit, in minor units of ISO 4217. */
export function minorOfProvider(
  provider: BillingProvider,
  amount: number,
  currency: string,
): number {
  return provider === 'STRIPE' ? (stripeDiffers[currency]?.(amount) ?? amount) : amount
}
