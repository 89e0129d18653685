/** Everything that is counted follows UTC: so do the times on the screen, in the reader's own notation. */
export const HOUR = 3_600_000
export const DAY = 24 * HOUR

const inUtc = { timeZone: 'UTC' } as const
const formats = {
  day: new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', ...inUtc }),
  shortDay: new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', ...inUtc }),
  weekday: new Intl.DateTimeFormat(undefined, { dateStyle: 'full', ...inUtc }),
  month: new Intl.DateTimeFormat(undefined, { month: 'long', year: 'numeric', ...inUtc }),
  minute: new Intl.DateTimeFormat(undefined, {
    dateStyle: 'medium',
    timeStyle: 'short',
    ...inUtc,
  }),
  hour: new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', ...inUtc }),
  shortHour: new Intl.DateTimeFormat(undefined, { hour: 'numeric', ...inUtc }),
} satisfies Record<string, Intl.DateTimeFormat>

/** @param at ms, an instant of RFC 3339, or a calendar date, which is that day in UTC */
export function inWords(at: number | string, format: keyof typeof formats): string {
  return formats[format].format(new Date(at))
}

const local = new Intl.DateTimeFormat(undefined, {
  ...{ weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' },
  ...{ hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'short' },
})

/** The same instant by the reader's own clock. */
export function localTime(at: number | string): string {
  return local.format(new Date(at))
}

const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' })

/** `3 minutes ago`, `in 2 days`: in the largest unit of which there is one. */
export function fromNow(at: number | string, now: number): string {
  const ms = new Date(at).getTime() - now
  const size = Math.abs(ms)
  if (size < HOUR) return relative.format(Math.round(ms / 60_000), 'minute')
  if (size < 2 * DAY) return relative.format(Math.round(ms / HOUR), 'hour')
  return relative.format(Math.round(ms / DAY), 'day')
}

export function startOfHour(at: number): number {
  return at - (at % HOUR)
}

export function startOfDay(at: number): number {
  return at - (at % DAY)
}

export function startOfMonth(at: number): number {
  const date = new Date(at)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)
}

export function startOfNextMonth(at: number): number {
  const date = new Date(at)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)
}

/** `2026-11-22` */
export function dayName(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}

/** The start of `2026-11-22`, ms. */
export function dayStart(name: string): number {
  return Date.parse(`${name}T00:00:00Z`)
}

/** The same day of the month before, or its last one. */
export function monthBefore(day: string): string {
  const [year = 0, month = 0, date = 0] = day.split('-').map(Number)
  const last = new Date(Date.UTC(year, month - 1, 0))
  return dayName(
    Date.UTC(last.getUTCFullYear(), last.getUTCMonth(), Math.min(date, last.getUTCDate())),
  )
}
