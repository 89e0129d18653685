import { minorDigits } from '../currency.ts'

/**
 * Money inside: whole minor units (cents, yen, fils) as bigint; prices of one unit in millionths of a major
 * unit. Rounded half up once, at the line (design.md, 13).
 */

/** Decimals of a unit price. */
const UNIT_DIGITS = 6

/**
 * `29.00` USD is 2900, `4500` JPY 4500, `1.500` KWD 1500. Fewer decimals than the currency has are fine.
 * @throws RangeError for what is no such amount
 */
export function minorOf(text: string, currency: string): bigint {
  const digits = minorDigits(currency)
  const [, sign, whole = '', fraction = ''] = /^(-?)(\d{1,18})(?:\.(\d+))?$/.exec(text) ?? []
  if (whole === '' || fraction.length > digits) {
    throw new RangeError(`"${text.slice(0, 40)}" is no amount in ${currency}`)
  }
  const minor = BigInt(whole + fraction.padEnd(digits, '0'))
  return sign === '-' ? -minor : minor
}

/** 2900 USD is `29.00`. */
export function amountText(minor: bigint | number, currency: string): string {
  return decimalText(BigInt(minor), minorDigits(currency))
}

/** `0.004`, `29.00`, `0.966667`: at most six decimals, and at least those of the currency. */
export function unitPriceText(millionths: bigint, currency: string): string {
  const text = decimalText(millionths, UNIT_DIGITS)
  const shortest = text.length - UNIT_DIGITS + minorDigits(currency)
  const trimmed = text.slice(shortest).replace(/0+$/, '')
  return `${text.slice(0, shortest)}${trimmed}`.replace(/\.$/, '')
}

function decimalText(value: bigint, digits: number): string {
  const [sign, positive] = value < 0n ? ['-', -value] : ['', value]
  if (digits === 0) return `${sign}${positive}`
  const text = `${positive}`.padStart(digits + 1, '0')
  return `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`
}

/**
 * Rounded half up by size, so that what is given back is exactly what was taken: 2.5 is 3, -2.5 is -3.
 * @param divisor above 0
 */
export function dividedHalfUp(dividend: bigint, divisor: bigint): bigint {
  const [sign, positive] = dividend < 0n ? [-1n, -dividend] : [1n, dividend]
  return sign * ((2n * positive + divisor) / (2n * divisor))
}

/**
 * Millionths of a major unit that one of `parts` costs where all of them cost `minor`.
 * @param parts above 0
 */
export function unitPriceOf(minor: bigint, parts: number, currency: string): bigint {
  return dividedHalfUp(minor * millionthsOfMinor(currency), BigInt(parts))
}

/** Whole minor units of `quantity` times a price in millionths, rounded here and nowhere else. */
export function amountOf(quantity: number, millionths: bigint, currency: string): bigint {
  return dividedHalfUp(BigInt(quantity) * millionths, millionthsOfMinor(currency))
}

function millionthsOfMinor(currency: string): bigint {
  return 10n ** BigInt(UNIT_DIGITS - minorDigits(currency))
}

/**
 * Minor units as a number, as they are stored.
 * @throws RangeError beyond 2^53 - 1
 */
export function storedMinor(minor: bigint): number {
  const number = Number(minor)
  if (!Number.isSafeInteger(number)) throw new RangeError('an amount is too large')
  return number
}
