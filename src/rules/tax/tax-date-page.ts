import { BadInput } from '../bad-input.ts'
import type { Optional } from './argument-checks.ts'
import { cursorOf, liesBefore, type Place, placeOf } from './page-cursor.ts'
import type { IndexedTaxDate } from './tax-data.ts'
import type { TaxDate } from './tax-dates.ts'

const DEFAULT_PAGE = 50
const LARGEST_PAGE = 500

export type PageArguments = {
  /** 1–500, 50 by default. */
  readonly first?: Optional<number>
  /** A cursor of the same query; `first` may differ. */
  readonly after?: Optional<string>
}

export type TaxDateEdge = { readonly cursor: string; readonly node: TaxDate }

export type TaxDateConnection = {
  readonly edges: readonly TaxDateEdge[]
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly startCursor: string | null
    readonly endCursor: string | null
  }
  /** Of the whole query, not of the page. */
  readonly totalCount: number
}

export type PageRequest = {
  readonly size: number
  /** The place after which the page begins; null: at the beginning. */
  readonly after: Place | null
  readonly shape: string
}

/**
 * Which page is asked for.
 * @param shape of the query, see `shapeOf`
 * @throws BadInput `first` out of range, or the cursor of another query
 */
export function pageRequest(shape: string, { first, after }: PageArguments): PageRequest {
  const size = pageSizeOf(first)
  if (after === null || after === undefined) return { size, after: null, shape }
  const place = placeOf(shape, after)
  if (place === undefined) throw new BadInput('after: is not a cursor of this query')
  return { size, after: place, shape }
}

/**
 * One page of what a query holds, by dueDate and then by id.
 * @param runs each in that order already, as one country's dates are
 */
export function pageOf(
  runs: readonly (readonly IndexedTaxDate[])[],
  { size, after, shape }: PageRequest,
): TaxDateConnection {
  const starts = runs.map((run) =>
    after === null ? 0 : countWhile(run, (date) => !liesBefore(after, date)),
  )
  const edges = merged(runs, starts, size).map((node) => ({ cursor: cursorOf(shape, node), node }))
  const passed = starts.reduce((sum, start) => sum + start, 0)
  const totalCount = runs.reduce((sum, run) => sum + run.length, 0)
  return {
    edges,
    pageInfo: {
      hasNextPage: passed + edges.length < totalCount,
      hasPreviousPage: passed > 0,
      startCursor: edges.at(0)?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount,
  }
}

/** How many dates stand before the first for which this no longer holds; they must be sorted by it. */
export function countWhile(
  dates: readonly IndexedTaxDate[],
  holds: (date: TaxDate) => boolean,
): number {
  let low = 0
  let high = dates.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const date = dates[middle]
    if (date !== undefined && holds(date.taxDate)) low = middle + 1
    else high = middle
  }
  return low
}

export function pageSizeOf(first: Optional<number>): number {
  if (first === null || first === undefined) return DEFAULT_PAGE
  if (Number.isInteger(first) && first >= 1 && first <= LARGEST_PAGE) return first
  throw new BadInput(`first: ${first} is not within 1–${LARGEST_PAGE}`)
}

/** The first of all runs together from these starts on. There are at most as many runs as countries. */
function merged(
  runs: readonly (readonly IndexedTaxDate[])[],
  starts: readonly number[],
  count: number,
): readonly TaxDate[] {
  const heads = [...starts]
  const found: TaxDate[] = []
  while (found.length < count) {
    let earliest: TaxDate | undefined
    let from = -1
    for (const [index, run] of runs.entries()) {
      const head = run[heads[index] ?? run.length]?.taxDate
      if (head === undefined || (earliest !== undefined && !liesBefore(head, earliest))) continue
      earliest = head
      from = index
    }
    if (earliest === undefined) break
    found.push(earliest)
    heads[from] = (heads[from] ?? 0) + 1
  }
  return found
}
