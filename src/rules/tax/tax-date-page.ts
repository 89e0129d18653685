import { BadInput } from '../bad-input.ts'
import {
  type Connection,
  connectionOf,
  countWhile,
  type PageArguments,
  pageSizeOf,
} from '../connection.ts'
import { cursorOf, liesBefore, type Place, placeOf } from './page-cursor.ts'
import type { IndexedTaxDate } from './tax-data.ts'
import type { TaxDate } from './tax-dates.ts'

/** One page of dates, by dueDate and then by id. */
export type TaxDateConnection = Connection<TaxDate>

/** Arguments of a page that were checked. */
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
    after === null ? 0 : countWhile(run, ({ taxDate }) => !liesBefore(after, taxDate)),
  )
  return connectionOf(merged(runs, starts, size), (date) => cursorOf(shape, date), {
    passed: starts.reduce((sum, start) => sum + start, 0),
    totalCount: runs.reduce((sum, run) => sum + run.length, 0),
  })
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
