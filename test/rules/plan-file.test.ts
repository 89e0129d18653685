import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readPlanFile } from '../../src/rules/plan-file.ts'

const shipped = JSON.parse(readFileSync(join(import.meta.dirname, '../../plans.json'), 'utf8'))

const free = shipped.plans[0]
const starter = shipped.plans[1]

function problemsOf(content: unknown): string {
  const result = readPlanFile(content)
  return 'problems' in result ? result.problems.join('\n') : ''
}

test('the shipped file holds the four plans in their order', () => {
  const result = readPlanFile(shipped)
  if ('problems' in result) throw new Error(result.problems.join('\n'))
  expect([...result.plans.keys()]).toEqual(['free', 'starter', 'pro', 'enterprise'])
  expect(result.plans.get('free')?.monthlyLimit).toBe(1000)
  expect(result.plans.get('enterprise')?.monthlyLimit).toBeNull()
})

test('a plan named free must exist, because every new key has it', () => {
  expect(problemsOf({ plans: [starter] })).toContain('has no plan "free"')
})

test.each([
  ['a number for money', { prices: { USD: 29 } }],
  ['too few decimals', { prices: { USD: '29.0' } }],
  ['too many decimals', { prices: { USD: '29.000' } }],
  ['decimals where the currency has none', { prices: { JPY: '4500.00' } }],
  ['too few decimals of a currency with three', { prices: { KWD: '1.00' } }],
  ['a negative price', { prices: { USD: '-1.00' } }],
  ['an unknown currency', { prices: { EURO: '1.00' } }],
  ['no price at all', { prices: {} }],
  ['a limit of nothing', { monthlyLimit: 0 }],
  ['a limit as text', { monthlyLimit: '1000' }],
  ['no requests a second', { requestsPerSecond: 0 }],
  ['a misspelt field', { montlyLimit: 1 }],
  ['an id with blanks', { id: 'a b' }],
  ['a name with a line break', { name: 'Free\r\nBcc: x' }],
  ['overage on an unlimited plan', { monthlyLimit: null }],
  ['overage in fewer currencies', { overage: { per: 1000, prices: { EUR: '1.00' } } }],
])('%s is refused', (_, change) => {
  const other = { ...starter, id: 'other', stripePriceIds: [], paddlePriceIds: [], ...change }
  expect(problemsOf({ plans: [free, other] })).toMatch(/^plans\.1/)
})

test('three decimals are right for a currency that has three', () => {
  const kuwait = { ...free, id: 'kuwait', prices: { KWD: '1.000' } }
  expect(problemsOf({ plans: [free, kuwait] })).toBe('')
})

test('decimals are those of ISO 4217, where Intl would follow custom', () => {
  const other = { ...free, id: 'other', prices: { HUF: '900.00', IQD: '1.000', JPY: '150' } }
  expect(problemsOf({ plans: [free, other] })).toBe('')
})

test('an id or a provider’s price may not name two plans', () => {
  expect(problemsOf({ plans: [free, free] })).toContain('names the plan id "free" twice')
  const twice = { ...starter, id: 'other' }
  expect(problemsOf({ plans: [free, starter, twice] })).toContain(
    'names the Stripe price "price_starter_monthly" twice',
  )
})

test('every problem is told at once, with the place where it is', () => {
  const problems = problemsOf({
    plans: [{ ...free, monthlyLimit: -1, prices: { USD: 'x' }, overage: 1 }],
  })
  expect(problems.split('\n')).toHaveLength(3)
  expect(problems).toContain('plans.0.prices.USD: ')
})
