const long = new Intl.DateTimeFormat(undefined, {
  ...{ weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' },
  timeZone: 'UTC',
})
const month = new Intl.DateTimeFormat(undefined, {
  ...{ month: 'long', year: 'numeric' },
  timeZone: 'UTC',
})

/** @param day `2026-12-01`: a day of a calendar, which no time zone moves */
export function dayInWords(day: string): string {
  return long.format(new Date(`${day}T00:00:00Z`))
}

/** @param name `2026-12` */
export function monthInWords(name: string): string {
  return month.format(new Date(`${name}-01T00:00:00Z`))
}

export function CalendarDay({ day }: { day: string }) {
  return <time dateTime={day}>{dayInWords(day)}</time>
}
