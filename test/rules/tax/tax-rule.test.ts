import { describe, expect, test } from 'vitest'
import { taxRuleSchema } from '../../../src/rules/tax/tax-rule.ts'

/** What fields demand of each other: a rule that contradicts itself would give wrong dates in silence. */

const sound = {
  id: 'us-x',
  region: null,
  taxType: 'x',
  category: 'EXCISE',
  taxpayer: 'x',
  taxpayerKinds: ['COMPANY'],
  action: 'pay',
  period: { type: 'calendarMonth' },
  due: { anchor: 'periodEnd', addBusinessDays: 3 },
  shift: { convention: 'businessDayCount', weekends: true, calendar: 'X', appliesTo: 'all' },
  ruleText: 'x',
  evidence: 'secondary',
  sources: [{ name: 'x', url: 'https://example.org/', read: '2026-11-22' }],
}
const quarterMonth = (ends: unknown[]) => ({ period: { type: 'quarterMonth', ends } })
const event = {
  period: { type: 'event', event: 'x' },
  due: { anchor: 'event', addBusinessDays: 7 },
}
const elsewhere = [{ regions: ['US-MA'], calendar: 'Y' }]
const complaints = (fields: object) => {
  const read = taxRuleSchema.safeParse({ ...sound, ...fields })
  return read.error?.issues.map(({ message }) => message) ?? []
}

describe('a rule that contradicts itself is refused', () => {
  test.each([
    ['ends in disorder', quarterMonth([14, 7, 'last']), /^period.ends must ascend/],
    ['the same end twice', quarterMonth([7, 7]), /^period.ends must ascend/],
    ['an end after the last', quarterMonth(['last', 7]), /^period.ends must ascend/],
    ['ends that meet in February', quarterMonth([28, 'last']), /^period.ends must ascend/],
    ['ends that February lacks', quarterMonth([28, 29]), /^period.ends must ascend/],
    [
      'an override that does not count',
      { due: { ...sound.due, overrides: { '3': { anchor: 'periodEnd', addMonths: 1 } } } },
      /needs due.addBusinessDays, in overrides too/,
    ],
    ['weekends that count', { shift: { ...sound.shift, weekends: false } }, /must be true$/],
    ['an event by two calendars', { ...event, regionExceptions: elsewhere }, /by one calendar$/],
  ])('%s', (_name, fields, message) => {
    expect(complaints(fields)).toEqual([expect.stringMatching(message)])
  })
})

test.each([
  ['ends to the last', quarterMonth([7, 14, 21, 'last'])],
  ['one end', quarterMonth(['last'])],
  ['ends that every month has', quarterMonth([14, 28])],
  ['an event', event],
  ['two calendars', { regionExceptions: elsewhere }],
])('a sound rule is read: %s', (_name, fields) => {
  expect(complaints(fields)).toEqual([])
})
