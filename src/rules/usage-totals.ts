/** What one hour, day or month of usage adds up to. `total` is billed units, `endpoints` splits it. */
export interface UsageTotals {
  total: number
  failed: number
  endpoints: Readonly<Record<string, number>>
}

export function sumTotals(parts: Iterable<UsageTotals>): UsageTotals {
  let total = 0
  let failed = 0
  const endpoints: Record<string, number> = {}
  for (const part of parts) {
    total += part.total
    failed += part.failed
    for (const [endpoint, units] of Object.entries(part.endpoints)) {
      endpoints[endpoint] = (endpoints[endpoint] ?? 0) + units
    }
  }
  return { total, failed, endpoints }
}

/** Most used first, then by name, so that equal figures keep their order; what was never billed is no use. */
export function endpointsByUse(
  endpoints: Readonly<Record<string, number>>,
): { endpoint: string; total: number }[] {
  return Object.entries(endpoints)
    .filter(([, total]) => total > 0)
    .map(([endpoint, total]) => ({ endpoint, total }))
    .sort((a, b) => b.total - a.total || (a.endpoint < b.endpoint ? -1 : 1))
}

/** The day with the most billed units; the earliest of equals; null where no day has any. */
export function peakDay<Day extends UsageTotals & { at: number }>(days: Iterable<Day>): Day | null {
  let peak: Day | null = null
  for (const day of days) {
    if (day.total === 0) continue
    const wins = !peak || day.total > peak.total || (day.total === peak.total && day.at < peak.at)
    if (wins) peak = day
  }
  return peak
}

export interface Difference {
  /** `total`, `failed` or `endpoints.<name>` */
  figure: string
  /** What the day or month says. */
  stored: number
  /** What its hours or days add up to. */
  sum: number
}

/** Every figure in which a day (or month) differs from the sum of its hours (or days). */
export function differencesOf(stored: UsageTotals, sum: UsageTotals): Difference[] {
  const [left, right] = [figuresOf(stored), figuresOf(sum)]
  return [...new Set([...left.keys(), ...right.keys()])]
    .map((figure) => ({ figure, stored: left.get(figure) ?? 0, sum: right.get(figure) ?? 0 }))
    .filter(({ stored, sum }) => stored !== sum)
}

function figuresOf(totals: UsageTotals): Map<string, number> {
  const endpoints = Object.entries(totals.endpoints).map(([endpoint, units]): [string, number] => [
    `endpoints.${endpoint}`,
    units,
  ])
  return new Map([['total', totals.total], ['failed', totals.failed], ...endpoints])
}
