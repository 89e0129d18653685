import { BadInput } from '../bad-input.ts'
import {
  type Connection,
  connectionOf,
  countWhile,
  type PageArguments,
  pageSizeOf,
} from '../connection.ts'
import { chosenValues, type Optional } from './argument-checks.ts'
import { countryDataOf } from './list-obligations.ts'
import type { TaxData } from './tax-data.ts'
import type { TaxDateChange } from './tax-date-change.ts'

/** Which changes somebody wants to hear of; both must hold. Null is the same as left out. */
export type ChangeChoice = {
  readonly countries?: Optional<readonly string[]>
  /** A notice that names no obligation is not among them. */
  readonly obligationIds?: Optional<readonly string[]>
}

/** One page of changes, newest first. */
export type TaxDateChangeConnection = Connection<TaxDateChange>

/** @throws BadInput a country or obligation that is unknown, or an empty list */
export function chooseChanges(
  data: TaxData,
  { countries, obligationIds }: ChangeChoice,
): (change: TaxDateChange) => boolean {
  const codes = chosenValues('countries', countries, (code) => {
    countryDataOf(data, code, 'countries')
    return null
  })
  const asked = [...data.countries.values()].filter(
    ({ country }) => codes?.has(country.code) ?? true,
  )
  const ids = chosenValues('obligationIds', obligationIds, (id) => {
    if (asked.some(({ rules }) => rules.has(id))) return null
    return codes === null
      ? `${id} is unknown`
      : `${id} is not an obligation of ${[...codes].join(', ')}`
  })
  return ({ country, obligationId }) =>
    (codes?.has(country) ?? true) &&
    (ids === null || (obligationId !== null && ids.has(obligationId)))
}

/**
 * One page of the changes, newest first; those entered meanwhile move nothing between two pages.
 * @param changes in the order of entry
 * @throws BadInput `first` out of range, or no cursor of this list
 */
export function findTaxDateChanges(
  changes: readonly TaxDateChange[],
  chosen: (change: TaxDateChange) => boolean,
  { first, after }: PageArguments,
): TaxDateChangeConnection {
  const size = pageSizeOf(first)
  const found = changes.filter(chosen).reverse()
  const place = after == null ? null : idOfCursor(after)
  const start = place === null ? 0 : countWhile(found, ({ id }) => Number(id) >= place)
  const nodes = found.slice(start, start + size)
  return connectionOf(nodes, cursorOf, { passed: start, totalCount: found.length })
}

function cursorOf({ id }: Pick<TaxDateChange, 'id'>): string {
  return Buffer.from(`change:${id}`).toString('base64url')
}

function idOfCursor(cursor: string): number {
  const [, id] = /^change:([1-9]\d{0,14})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? []
  // Decoding forgives stray characters; a cursor must come back letter by letter.
  if (id !== undefined && cursorOf({ id }) === cursor) return Number(id)
  throw new BadInput('after: is not a cursor of this list')
}
