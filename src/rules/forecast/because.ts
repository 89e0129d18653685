import { fromEpochDay } from '../tax/calendar-date.ts'
import type { CauseKind } from './cause.ts'
import type { DueProfile } from './due-profile.ts'
import type { Explanation } from './find-causes.ts'
import type { Frame } from './frame.ts'

/** Peaks of more due dates than this are named by none of them. */
const PEAKS_NAMED = 3
/** Of due dates that a peak's days fit alike. */
const NAMES_A_PEAK = 3
/** A due date soon after the month's end still pulls in it. */
const DAYS_AFTER_MONTH = 7

/** What drives the forecast, in words; at the end the pace, which always does. */
export function because(frame: Frame, explanation: Explanation): string[] {
  return [
    ...peaksInWords(frame, explanation),
    ...stepsInWords(explanation),
    ...everydayInWords(explanation),
    `the pace of the last ${frame.known} days`,
  ]
}

/** Strongest first; the same due dates may have been found twice, as a steep and as a slow swell. */
function peaksInWords(frame: Frame, { causes, fit }: Explanation): string[] {
  const peaks = new Map<DueProfile, { profiles: readonly DueProfile[]; effect: number }>()
  causes.forEach(({ profiles }, index) => {
    if (!profiles) return
    const [first] = profiles
    const effect = (peaks.get(first)?.effect ?? 0) + (fit.coefficients[index] ?? 0)
    peaks.set(first, { profiles: peaks.get(first)?.profiles ?? profiles, effect })
  })
  return [...peaks.values()]
    .filter(({ effect }) => effect > 0)
    .sort((a, b) => b.effect - a.effect)
    .slice(0, PEAKS_NAMED)
    .map(({ profiles, effect }) => peakInWords(frame, profiles, effect))
}

/** `peaks before due dates: GST/BAS quarterly (AU), next 2026-10-28, up to 2.1 times the usual` */
function peakInWords(
  { today, end }: Frame,
  profiles: readonly DueProfile[],
  effect: number,
): string {
  const names = profiles
    .slice(0, NAMES_A_PEAK)
    .map(({ taxType, country }) => `${taxType} (${country})`)
    .join(' or ')
  const next = profiles[0]?.dueDays.find((day) => day >= today)
  if (next === undefined || next >= end + DAYS_AFTER_MONTH) {
    return `no peak before due dates any more this month: ${names}`
  }
  const height = `up to ${Math.exp(effect).toFixed(1)} times the usual`
  return `peaks before due dates: ${names}, next ${fromEpochDay(next)}, ${height}`
}

function stepsInWords({ causes, fit }: Explanation): string[] {
  return causes.flatMap(({ day }, index) => {
    if (day === undefined) return []
    // The column holds the days before the step.
    const factor = Math.exp(-(fit.coefficients[index] ?? 0))
    const change =
      factor > 1
        ? `rose to ${factor.toFixed(1)} times what it was`
        : `fell to ${percent(factor)} of what it was`
    return [`use ${change}, on ${fromEpochDay(day)}`]
  })
}

function everydayInWords({ causes, fit }: Explanation): string[] {
  const effectOf = (kind: CauseKind) =>
    fit.coefficients[causes.findIndex((cause) => cause.kind === kind)] ?? 0
  const words: string[] = []
  const weekend = effectOf('weekend')
  if (Math.abs(weekend) > 0.2) words.push(`weekends at ${percent(Math.exp(weekend))} of weekdays`)
  const growth = Math.exp(effectOf('trend')) - 1
  if (Math.abs(growth) >= 0.03) {
    const direction = growth > 0 ? 'growing' : 'falling'
    words.push(`${direction} by about ${percent(Math.abs(growth))} a month`)
  }
  for (const [kind, part] of [
    ['monthStart', 'first'],
    ['monthEnd', 'last'],
  ] as const) {
    const effect = Math.exp(effectOf(kind)) - 1
    if (Math.abs(effect) < 0.1) continue
    const more = effect > 0 ? 'more' : 'less'
    words.push(`the ${part} three days of a month with ${percent(Math.abs(effect))} ${more}`)
  }
  return words
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`
}
