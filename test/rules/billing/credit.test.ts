import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BadInput } from '../../../src/rules/bad-input.ts'
import {
  creditAmount,
  creditLines,
  minorOfProvider,
  refundLines,
} from '../../../src/rules/billing/credit.ts'

describe('an amount that is given back', () => {
  test('is a decimal in the currency, above 0 and at most what is left', () => {
    expect(creditAmount('10.00', 'USD', 1_000)).toBe(1_000)
    expect(creditAmount('10', 'JPY', 10)).toBe(10)
  })

  test.each([['0'], ['-1'], ['10.01'], ['1.005'], ['ten'], [''], ['1e1']])(
    '"%s" is refused',
    (text) => {
      expect(() => creditAmount(text, 'USD', 1_000)).toThrow(BadInput)
    },
  )
})

const invoice = {
  ...{ number: 'INV-000001', currency: 'USD', total: 3_190 },
  tax: { name: 'GST', rate: '10', amount: 290 },
}

test('a part of an invoice takes its share of the tax with it', () => {
  const { lines, ...sums } = creditLines(invoice, { amount: 1_000, credited: 0, reason: 'Outage' })
  expect(sums).toEqual({
    subtotal: -909,
    tax: { name: 'GST', rate: '10', amount: -91 },
    total: -1_000,
  })
  expect(
    lines.map(({ description, unitPrice, amount }) => [description, unitPrice, amount]),
  ).toEqual([
    ['Outage', '-9.09', -909],
    ['GST 10 %', '-0.91', -91],
  ])
})

test('parts that add up to the whole add up to its tax', () => {
  const parts = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(parts, fc.constantFrom('10', '8.875', '19'), (amounts, rate) => {
      const total = amounts.reduce((sum, one) => sum + one, 0)
      const tax = { name: 'GST', rate, amount: Math.floor(total / 7) }
      let credited = 0
      let ofTax = 0
      for (const amount of amounts) {
        const note = creditLines({ ...invoice, tax, total }, { amount, credited, reason: 'r' })
        expect(note.lines.reduce((sum, line) => sum + line.amount, 0)).toBe(-amount)
        credited += amount
        ofTax += note.tax?.amount ?? 0
      }
      expect(ofTax).toBe(tax.amount === 0 ? 0 : -tax.amount)
    }),
  )
})

test('what a provider gave back is one line, without a tax of ours', () => {
  const note = refundLines('PADDLE', { amount: 450, currency: 'JPY', of: '325-10566' })
  expect(note).toEqual({
    lines: [
      {
        ...{
          what: 'refund',
          apiKeyId: null,
          tier: null,
          quantity: 1,
          unitPrice: '-450',
          amount: -450,
        },
        description: 'Refund by Paddle of its invoice 325-10566',
      },
    ],
    ...{ subtotal: -450, tax: null, total: -450 },
  })
})

test.each([
  ['STRIPE', 100, 'USD', 100],
  ['STRIPE', 500, 'JPY', 500],
  ['STRIPE', 50_000, 'ISK', 500],
  ['STRIPE', 50_000, 'UGX', 500],
  ['STRIPE', 5, 'MGA', 500],
  ['PADDLE', 500, 'JPY', 500],
] as const)('%s says %i %s, which is %i in minor units', (provider, said, currency, minor) => {
  expect(minorOfProvider(provider, said, currency)).toBe(minor)
})
