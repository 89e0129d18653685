import { BadInput } from './bad-input.ts'
import type { Optional } from './tax/argument-checks.ts'

export const DEFAULT_PAGE = 50
export const LARGEST_PAGE = 500

/** The arguments that choose a page, the same for every list. */
export type PageArguments = {
  /** 1–500, 50 by default. */
  readonly first?: Optional<number>
  /** A cursor of the same query; `first` may differ. */
  readonly after?: Optional<string>
}

export type Edge<Node> = { readonly cursor: string; readonly node: Node }

/** One page of what a query holds. */
export type Connection<Node> = {
  readonly edges: readonly Edge<Node>[]
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly startCursor: string | null
    readonly endCursor: string | null
  }
  /** Of the whole query, not of the page. */
  readonly totalCount: number
}

/** @throws BadInput out of range */
export function pageSizeOf(first: Optional<number>): number {
  if (first === null || first === undefined) return DEFAULT_PAGE
  if (Number.isInteger(first) && first >= 1 && first <= LARGEST_PAGE) return first
  throw new BadInput(`first: ${first} is not within 1–${LARGEST_PAGE}`)
}

/** @param passed how many nodes of the query stand before these */
export function connectionOf<Node>(
  nodes: readonly Node[],
  cursorOf: (node: Node) => string,
  { passed, totalCount }: { readonly passed: number; readonly totalCount: number },
): Connection<Node> {
  const more = { hasNextPage: passed + nodes.length < totalCount, hasPreviousPage: passed > 0 }
  return connected(nodes, cursorOf, more, totalCount)
}

/**
 * Where what stands before is not counted.
 * @param found the page's nodes, and one more where there is one
 */
export function pageOf<Node>(
  found: readonly Node[],
  cursorOf: (node: Node) => string,
  page: { readonly first: number; readonly hasPreviousPage: boolean; readonly totalCount: number },
): Connection<Node> {
  const { first, hasPreviousPage, totalCount } = page
  const more = { hasNextPage: found.length > first, hasPreviousPage }
  return connected(found.slice(0, first), cursorOf, more, totalCount)
}

function connected<Node>(
  nodes: readonly Node[],
  cursorOf: (node: Node) => string,
  more: Pick<Connection<Node>['pageInfo'], 'hasNextPage' | 'hasPreviousPage'>,
  totalCount: number,
): Connection<Node> {
  const edges = nodes.map((node) => ({ cursor: cursorOf(node), node }))
  const [startCursor, endCursor] = [edges.at(0)?.cursor ?? null, edges.at(-1)?.cursor ?? null]
  return { edges, pageInfo: { ...more, startCursor, endCursor }, totalCount }
}

/** How many items stand before the first for which this no longer holds; they must be sorted by it. */
export function countWhile<Item>(items: readonly Item[], holds: (item: Item) => boolean): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const item = items[middle]
    if (item !== undefined && holds(item)) low = middle + 1
    else high = middle
  }
  return low
}
