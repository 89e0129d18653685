import { describe, expect, test } from 'vitest'
import { DAY } from '../../src/rules/calendar-time.ts'
import { dueProfiles } from '../../src/rules/forecast/due-profile.ts'
import { forecastMonth } from '../../src/rules/forecast/forecast-month.ts'
import { shipped } from '../rules/tax/shipped-data.ts'
import { type Method, scoreOf } from './back-test.ts'
import { runRate, seasonalNaive } from './baselines.ts'
import { createDraws } from './draws.ts'
import { generateHistory, historyAt, monthTotal } from './generated-history.ts'

const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length

describe('the generated histories', () => {
  test('are the same for the same seed, and others for others', () => {
    expect(generateHistory(7, shipped)).toEqual(generateHistory(7, shipped))
    expect(generateHistory(7, shipped).days).not.toEqual(generateHistory(8, shipped).days)
  })

  test('are varied: small and large keys, young ones, with and without due dates', () => {
    const all = Array.from({ length: 100 }, (_, index) => generateHistory(index + 1, shipped))
    const totals = all.map(monthTotal)
    expect(totals.filter((total) => total < 5_000).length).toBeGreaterThan(10)
    expect(totals.filter((total) => total > 500_000).length).toBeGreaterThan(10)
    const young = all.filter(({ firstDay, monthStart }) => monthStart - firstDay < 45)
    expect(young.length).toBeGreaterThan(5)
    expect(all.filter(({ countries }) => countries.length === 0).length).toBeGreaterThan(5)
    expect(new Set(all.flatMap(({ countries }) => countries)).size).toBe(12)
  })

  test('show a forecaster what was, at most 90 days of it, and today untouched', () => {
    const generated = generateHistory(1, shipped)
    const { now, firstDay, days } = historyAt(generated, 10)
    expect(now).toBe((generated.monthStart + 10) * DAY)
    expect(days).toHaveLength(90)
    expect(firstDay + (days.length - 1) * DAY).toBe(now)
    expect(days.at(-1)).toBe(0)
    const yesterday = generated.monthStart + 9 - generated.firstDay
    expect(days.at(-2)).toBe(generated.days[yesterday])
  })

  test('draw from the distributions that they name', () => {
    const draws = createDraws(1)
    const many = (draw: () => number) => Array.from({ length: 20_000 }, draw)
    for (const expected of [0.5, 8, 300]) {
      const counts = many(() => draws.poisson(expected))
      expect(mean(counts) / expected).toBeCloseTo(1, 1)
      expect(mean(counts.map((count) => (count - expected) ** 2)) / expected).toBeCloseTo(1, 1)
    }
    for (const variance of [0.04, 0.5, 2]) {
      const factors = many(() => draws.gamma(variance))
      expect(mean(factors)).toBeCloseTo(1, 1)
      expect(mean(factors.map((factor) => (factor - 1) ** 2)) / variance).toBeCloseTo(1, 0)
    }
  })
})

describe('the baselines', () => {
  const at = Date.parse('2026-11-11T00:00:00Z')
  const weekly = Array.from({ length: 60 }, (_, index) => 100 * (1 + (index % 7)))
  const known = { now: at, firstDay: at - 60 * DAY, days: [...weekly, 0] }

  test('run-rate goes on at the month’s pace', () => {
    const used = weekly.slice(-10).reduce((sum, units) => sum + units, 0)
    expect(runRate(known)).toBeCloseTo(used * 3)
    const fresh = { now: at, firstDay: at - 4 * DAY, days: [10, 10, 10, 10, 0] }
    expect(runRate(fresh)).toBeCloseTo(40 + 20 * 10)
  })

  test('seasonal-naive repeats the weeks', () => {
    const rest = Array.from({ length: 20 }, (_, index) => 100 * (1 + ((60 + index) % 7)))
    const used = weekly.slice(-10).reduce((sum, units) => sum + units, 0)
    expect(seasonalNaive(known)).toBeCloseTo(used + rest.reduce((sum, units) => sum + units, 0))
  })
})

test('the forecast beats both baselines on the tuning seeds, and its interval holds', () => {
  const histories = Array.from({ length: 100 }, (_, index) => generateHistory(index + 1, shipped))
  const forecast: Method = (history) => {
    const today = history.now / DAY
    return forecastMonth(history, { profiles: dueProfiles(shipped, today - 90, today + 62) })
  }
  for (const day of [10, 20]) {
    const score = scoreOf(forecast, histories, day)
    const [rate, naive] = [runRate, seasonalNaive].map(
      (baseline) => scoreOf((history) => ({ expected: baseline(history) }), histories, day).error,
    )
    expect(score.error).toBeLessThan(0.8 * Math.min(rate ?? 0, naive ?? 0))
    expect(score.coverage).toBeGreaterThan(0.72)
    expect(score.coverage).toBeLessThan(0.9)
  }
})
