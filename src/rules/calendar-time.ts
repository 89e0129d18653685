/** UTC hours, days and months of an instant (ms since the epoch), as the usage cells name them. */
export const HOUR = 3_600_000
export const DAY = 24 * HOUR

export function startOfHour(at: number): number {
  return at - (((at % HOUR) + HOUR) % HOUR)
}

export function startOfDay(at: number): number {
  return at - (((at % DAY) + DAY) % DAY)
}

export function startOfMonth(at: number): number {
  const date = new Date(at)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)
}

export function startOfNextMonth(at: number): number {
  const date = new Date(at)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)
}

/** `2026-11` */
export function monthName(at: number): string {
  return new Date(at).toISOString().slice(0, 7)
}

/** `2026-11-22` */
export function dayName(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}

/** `2026-11-22T14` */
export function hourName(at: number): string {
  return new Date(at).toISOString().slice(0, 13)
}
