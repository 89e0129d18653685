import type { UsageTotals } from './usage-totals.ts'

/** One key's day. */
export interface DayOfKey extends UsageTotals {
  apiKeyId: string
  tier: string
  /** Start of the day, ms. */
  at: number
}

export type GroupedBy = 'KEY' | 'ENDPOINT' | 'TIER'

export interface UsageGroup {
  /** A key's id, an endpoint or a plan's id. */
  name: string
  total: number
  /** Null by endpoint: failures are counted by key alone. */
  failed: number | null
  /** Billed units by the start of the day, ms. */
  days: ReadonlyMap<number, number>
}

/** Splits days of usage; most used first, then by name. Groups without a call are left out. */
export function usageGroups(cells: readonly DayOfKey[], by: GroupedBy): UsageGroup[] {
  const groups = new Map<string, { total: number; failed: number; days: Map<number, number> }>()
  for (const cell of cells) {
    for (const [name, total, failed] of partsOf(cell, by)) {
      const group = groups.get(name) ?? { total: 0, failed: 0, days: new Map<number, number>() }
      groups.set(name, group)
      group.total += total
      group.failed += failed
      group.days.set(cell.at, (group.days.get(cell.at) ?? 0) + total)
    }
  }
  return [...groups]
    .filter(([, { total, failed }]) => total > 0 || failed > 0)
    .map(([name, { total, failed, days }]) => ({
      ...{ name, total, days },
      failed: by === 'ENDPOINT' ? null : failed,
    }))
    .sort((a, b) => b.total - a.total || (a.name < b.name ? -1 : 1))
}

function partsOf(cell: DayOfKey, by: GroupedBy): [name: string, total: number, failed: number][] {
  if (by === 'KEY') return [[cell.apiKeyId, cell.total, cell.failed]]
  if (by === 'TIER') return [[cell.tier, cell.total, cell.failed]]
  return Object.entries(cell.endpoints).map(([endpoint, units]) => [endpoint, units, 0])
}
