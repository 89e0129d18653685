import { describe, expect, test } from 'vitest'
import { isCalendarMonth, parseInstant, printInstant } from '../../src/rules/iso-time.ts'

describe('months', () => {
  test.each(['2026-01', '2026-12', '0001-01', '9999-12'])('%s is one', (text) => {
    expect(isCalendarMonth(text)).toBe(true)
  })

  test.each([
    '2026-00',
    '2026-13',
    '0000-01',
    '2026-1',
    '26-01',
    '2026-01-01',
    '275760-09',
    ' 2026-01',
    '2026-01\n',
  ])('%j is none', (text) => {
    expect(isCalendarMonth(text)).toBe(false)
  })
})

describe('instants', () => {
  test.each([
    ['2026-02-28T01:00:00Z', '2026-02-28T01:00:00Z'],
    ['2026-02-28T01:00:00.250Z', '2026-02-28T01:00:00.250Z'],
    ['2026-02-28t01:00:00z', '2026-02-28T01:00:00Z'],
    ['2026-02-28T01:00:00+11:00', '2026-02-27T14:00:00Z'],
  ])('%s is printed in UTC as %s', (text, printed) => {
    const instant = parseInstant(text)
    expect(instant && printInstant(instant)).toBe(printed)
  })

  test.each([
    '2026-02-30T00:00:00Z',
    '2026-02-28T24:00:00Z',
    '2026-02-28T00:00:60Z',
    '2026-02-28T00:00:00',
    '2026-02-28 00:00:00Z',
    '2026-02-28',
    '+275760-09-13T00:00:00Z',
    'NaN',
    '',
  ])('%j is none', (text) => {
    expect(parseInstant(text)).toBeNull()
  })
})
