import { useSearchParams } from 'wouter'
import { DAY, dayName, dayStart, monthBefore, startOfMonth } from '../../format/times.ts'
import type { CountryCode, UsageGrouping } from '../../gql/graphql.ts'

export const ranges = ['last7', 'last30', 'month', 'lastMonth', 'last90', 'own'] as const
export type RangeName = (typeof ranges)[number]

/** What the API answers at once; days are kept for 90. */
export const MOST_DAYS = 92
const DAYS_KEPT = 90

export const countries: readonly CountryCode[] = [
  ...(['AU', 'CA', 'DE', 'FR', 'GB', 'HK', 'IE', 'IN', 'NZ', 'SG', 'US', 'ZA'] as const),
]

/** What somebody looks at. It stands in the address: it can be kept, and sent to others. */
export interface Choices {
  range: RangeName
  /** `2026-11-01`, of the range `own`; whatever stands in the address. */
  from: string
  to: string
  by: UsageGrouping
  /** A group's name; null: all of them. */
  only: string | null
  compare: boolean
  /** Empty: those that the account's keys ask for. */
  countries: readonly CountryCode[]
}

/** @returns the choices, and how to change some of them */
export function useChoices(): [Choices, (changes: Partial<Choices>) => void] {
  const [search, setSearch] = useSearchParams()
  const choices = read(search)
  const change = (changes: Partial<Choices>) =>
    setSearch(written({ ...choices, ...changes }), { replace: true })
  return [choices, change]
}

function read(search: URLSearchParams): Choices {
  const one = <Value extends string>(name: string, known: readonly Value[], usual: Value): Value =>
    known.find((value) => value === search.get(name)) ?? usual
  const named = search.get('countries')?.split(',') ?? []
  return {
    range: one('range', ranges, 'last30'),
    from: search.get('from') ?? '',
    to: search.get('to') ?? '',
    by: one('by', ['KEY', 'ENDPOINT', 'TIER'], 'KEY'),
    only: search.get('only'),
    compare: search.get('compare') !== 'no',
    countries: countries.filter((code) => named.includes(code)),
  }
}

function written({ range, from, to, by, only, compare, countries: chosen }: Choices) {
  const search = new URLSearchParams({ range, by })
  if (range === 'own')
    for (const [name, day] of [
      ['from', from],
      ['to', to],
    ] as const)
      search.set(name, day)
  if (only !== null) search.set('only', only)
  if (!compare) search.set('compare', 'no')
  if (chosen.length > 0) search.set('countries', chosen.join(','))
  return search
}

/** Calendar days, both included. */
export interface Days {
  from: string
  to: string
}

/** @param now ms */
export function daysOf({ range, from, to }: Choices, now: number): Days {
  const today = dayName(now)
  const since = (days: number) => ({ from: dayName(now - (days - 1) * DAY), to: today })
  switch (range) {
    case 'last7':
      return since(7)
    case 'last30':
      return since(30)
    case 'last90':
      return since(90)
    case 'month':
      return { from: dayName(startOfMonth(now)), to: today }
    case 'lastMonth': {
      const last = startOfMonth(now) - DAY
      return { from: dayName(startOfMonth(last)), to: dayName(last) }
    }
    case 'own':
      return { from, to }
  }
}

/** What is wrong with a range of one's own, in plain words; null: nothing. */
export function problemOf({ from, to }: Days, now: number): string | null {
  const isDay = (text: string) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(dayStart(text))
  if (!isDay(from) || !isDay(to)) return 'Choose the first and the last day.'
  if (from > to) return 'The first day lies after the last one.'
  if (lengthOf({ from, to }) > MOST_DAYS) return `Choose at most ${MOST_DAYS} days.`
  return from > dayName(now) ? 'These days are still to come.' : null
}

export function lengthOf({ from, to }: Days): number {
  return (dayStart(to) - dayStart(from)) / DAY + 1
}

/** As many days, from the same day of the month before on. */
export function daysBefore(days: Days): Days {
  const from = monthBefore(days.from)
  return { from, to: dayName(dayStart(from) + (lengthOf(days) - 1) * DAY) }
}

/** The first day of which all is still known. */
export function firstKept(now: number): string {
  return dayName(now - (DAYS_KEPT - 1) * DAY)
}
