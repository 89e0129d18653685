import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  amountOf,
  amountText,
  dividedHalfUp,
  minorOf,
  storedMinor,
  unitPriceOf,
  unitPriceText,
} from '../../../src/rules/billing/money.ts'
import { taxOn } from '../../../src/rules/billing/totals.ts'
import { minorDigits } from '../../../src/rules/currency.ts'

const currencies = fc.constantFrom('USD', 'JPY', 'KWD', 'HUF', 'IQD', 'XOF')

describe('amounts', () => {
  test.each([
    ['29.00', 'USD', 2_900n],
    ['29', 'USD', 2_900n],
    ['-0.05', 'USD', -5n],
    ['4500', 'JPY', 4_500n],
    ['1.500', 'KWD', 1_500n],
    ['900.00', 'HUF', 90_000n],
  ])('%s %s is %s minor units', (text, currency, minor) => {
    expect(minorOf(text, currency)).toBe(minor)
  })

  test.each([
    ['', 'USD'],
    ['1.005', 'USD'],
    ['1.0', 'JPY'],
    ['1e3', 'USD'],
    ['+1', 'USD'],
    [' 1', 'USD'],
    ['.5', 'USD'],
    ['1.', 'USD'],
    ['NaN', 'USD'],
    ['9'.repeat(19), 'USD'],
  ])('"%s" is none in %s', (text, currency) => {
    expect(() => minorOf(text, currency)).toThrow(RangeError)
  })

  test('go to text and back, with the decimals of ISO 4217', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n - 10n ** 18n, max: 10n ** 18n - 1n }),
        currencies,
        (minor, currency) => {
          const text = amountText(minor, currency)
          expect(text.split('.')[1]?.length ?? 0).toBe(minorDigits(currency))
          expect(minorOf(text, currency)).toBe(minor)
        },
      ),
    )
  })

  test('are refused where a number cannot hold them', () => {
    expect(() => storedMinor(2n ** 53n)).toThrow(RangeError)
    expect(storedMinor(2n ** 53n - 1n)).toBe(Number.MAX_SAFE_INTEGER)
  })
})

test.each([
  [5n, 2n, 3n],
  [-5n, 2n, -3n],
  [7n, 3n, 2n],
  [-7n, 3n, -2n],
  [8n, 3n, 3n],
  [0n, 7n, 0n],
])(
  '%s by %s is %s: half up by size, so that what is given back is what was taken',
  (a, b, rounded) => {
    expect(dividedHalfUp(a, b)).toBe(rounded)
  },
)

test('a quotient is off by at most a half', () => {
  fc.assert(
    fc.property(fc.bigInt(), fc.bigInt({ min: 1n, max: 10n ** 12n }), (dividend, divisor) => {
      const twiceOff = 2n * (dividend - dividedHalfUp(dividend, divisor) * divisor)
      expect(twiceOff <= divisor && twiceOff >= -divisor).toBe(true)
      expect(dividedHalfUp(-dividend, divisor)).toBe(-dividedHalfUp(dividend, divisor))
    }),
  )
})

describe('a price of one unit', () => {
  test.each([
    ['4.00', 1_000, 'USD', '0.004', 40, '0.16'],
    ['4.00', 1_000, 'USD', '0.004', 1, '0.00'],
    ['4.00', 1_000, 'USD', '0.004', 125, '0.50'],
    ['1.00', 3, 'USD', '0.333333', 3, '1.00'],
    ['2.00', 3, 'USD', '0.666667', 1_000_000, '666667.00'],
    ['600', 1_000, 'JPY', '0.6', 1, '1'],
    ['600', 1_000, 'JPY', '0.6', 4, '2'],
    ['1.000', 7, 'KWD', '0.142857', 7, '1.000'],
    ['0.01', 1_000_000, 'USD', '0.00', 5, '0.00'],
    ['29.00', 1, 'USD', '29.00', 1, '29.00'],
  ])('%s for %i %s is shown as %s; %i of them cost %s', (price, per, currency, shown, n, cost) => {
    const unit = unitPriceOf(minorOf(price, currency), per, currency)
    expect(unitPriceText(unit, currency)).toBe(shown)
    expect(amountText(amountOf(n, unit, currency), currency)).toBe(cost)
  })

  test('times a quantity is within half a minor unit of the exact product', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 12n }),
        fc.integer({ min: 1, max: 10 ** 6 }),
        fc.integer({ min: -(10 ** 9), max: 10 ** 9 }),
        currencies,
        (price, per, quantity, currency) => {
          const unit = unitPriceOf(price, per, currency)
          const scale = 10n ** BigInt(6 - minorDigits(currency))
          const exact = BigInt(quantity) * unit
          const off = 2n * (exact - amountOf(quantity, unit, currency) * scale)
          expect(off <= scale && off >= -scale).toBe(true)
        },
      ),
    )
  })
})

test.each([
  [10_000n, '10', 1_000n],
  [2_999n, '8.875', 266n],
  [-2_999n, '8.875', -266n],
  [5n, '10', 1n],
  [4n, '10', 0n],
  [4_500n, '0', 0n],
  [10_000n, '0.0001', 0n],
])('the tax on %s at %s percent is %s', (amount, rate, tax) => {
  expect(taxOn(amount, rate)).toBe(tax)
})
