import type { Step } from './threshold.ts'

const months = new Intl.DateTimeFormat('en', { month: 'long', year: 'numeric', timeZone: 'UTC' })
const numbers = new Intl.NumberFormat('en')

/** `1,000` */
function shown(count: number): string {
  return numbers.format(count)
}

/** `November 2026` of `2026-11` */
function monthInWords(month: string): string {
  return months.format(new Date(`${month}-01T00:00:00Z`))
}

/** For people, without markup. Names of keys are left out: what owners typed needs no place here. */
export function thresholdMessage(
  prefix: string,
  { percent, at }: Step,
  { month, used, monthlyLimit }: { month: string; used: number; monthlyLimit: number | null },
): string {
  const reached =
    percent !== null && monthlyLimit !== null
      ? `${percent} % of its ${shown(monthlyLimit)} calls for ${monthInWords(month)}`
      : `${shown(at)} calls in ${monthInWords(month)}`
  const of = percent === null && monthlyLimit !== null ? ` of ${shown(monthlyLimit)}` : ''
  return `${prefix} has reached ${reached}: ${shown(used)}${of} are used.`
}

export function anomalyMessage(
  prefix: string,
  { dayTotal, average, factor }: { dayTotal: number; average: number; factor: number },
  deadline: string | null,
): string {
  const usual = `${shown(Math.round(average))} a day of the last 30 days`
  const what = `${prefix} was called ${shown(dayTotal)} times today, over ${factor} times the ${usual}`
  return deadline === null
    ? `Unusual: ${what}.`
    : `${what}. That is expected: ${deadline}, and use has risen before such dates.`
}

export function silenceMessage(
  prefix: string,
  { since, average }: { since: Date; average: number },
): string {
  const last = since.toISOString().slice(0, 16).replace('T', ' ')
  return (
    `${prefix} has not been called since ${last} UTC, though it usually is ` +
    `${shown(Math.round(average))} times a day.`
  )
}
