import { describe, expect, test } from 'vitest'
import { DAY, HOUR } from '../../src/rules/calendar-time.ts'
import { silenceOf } from '../../src/rules/silence.ts'
import { isWeekend } from '../../src/rules/tax/calendar-date.ts'

/** A Friday. */
const lastCall = Date.parse('2026-11-20T16:00:00Z')
const lastDay = Math.floor(lastCall / DAY)
const days = (count: number, units = 200) =>
  Array.from({ length: count }, (_, n) => ({ day: lastDay - n, units }))
const weekdays = days(30).filter(({ day }) => !isWeekend(day))
const at = (text: string) => Date.parse(text)

describe('a key that is called every day', () => {
  test('is silent 24 hours after the hour of its last call, and for two days', () => {
    const since = lastCall + HOUR
    expect(silenceOf(days(14), lastCall, since + DAY - 1)).toBeNull()
    expect(silenceOf(days(14), lastCall, since + DAY)).toEqual({ since, average: 200 })
    expect(silenceOf(days(14), lastCall, since + 3 * DAY - 1)).not.toBeNull()
    expect(silenceOf(days(14), lastCall, since + 3 * DAY)).toBeNull()
  })

  test('is not missed where the silence began just before midnight', () => {
    const late = at('2026-11-20T23:00:00Z')
    expect(silenceOf(days(14), late, at('2026-11-22T00:07:00Z'))).not.toBeNull()
  })
})

describe('a key that is called on weekdays', () => {
  test('is not silent at the weekend, and is on Monday', () => {
    expect(silenceOf(weekdays, lastCall, at('2026-11-22T17:00:00Z'))).toBeNull()
    expect(silenceOf(weekdays, lastCall, at('2026-11-23T16:59:59Z'))).toBeNull()
    expect(silenceOf(weekdays, lastCall, at('2026-11-23T17:00:00Z'))).not.toBeNull()
  })
})

describe('a key that does not always call', () => {
  const later = lastCall + 2 * DAY

  test('is never silent: a day is missing, it is young, or it calls little', () => {
    expect(silenceOf(days(14).toSpliced(1, 1), lastCall, later)).toBeNull()
    expect(silenceOf(days(13), lastCall, later)).toBeNull()
    expect(silenceOf(days(14, 99), lastCall, later)).toBeNull()
    expect(silenceOf([], lastCall, later)).toBeNull()
  })
})
