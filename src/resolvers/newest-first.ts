import type { Collection, Filter } from 'mongodb'
import { BadInput } from '../rules/bad-input.ts'
import { type Connection, type PageArguments, pageOf, pageSizeOf } from '../rules/connection.ts'

/** Where a document stands in the order. */
interface Place {
  _id: string
  at: Date
}

/** A list, and how its cursors are told from others. */
interface DatedList<Doc extends { _id: string }> {
  collection: Collection<Doc>
  wanted: Filter<Doc>
  /** In each cursor, so that another list's is told from its own. */
  name: string
  /** How ids of this list look. */
  id: RegExp
  /** The field of the date that orders it; an index stands over it and `_id`. */
  by: string
  dateOf: (node: Doc) => Date
}

type Named = Pick<DatedList<Place>, 'name' | 'id'>
type Created = { _id: string; createdAt: Date }

/**
 * A page, last made first: `latestFirst` by `createdAt`.
 * @throws BadInput
 */
export function newestFirst<Doc extends Created>(
  list: Omit<DatedList<Doc>, 'by' | 'dateOf'>,
  args: PageArguments,
): Promise<Connection<Doc>> {
  return latestFirst({ ...list, by: 'createdAt', dateOf: ({ createdAt }) => createdAt }, args)
}

/**
 * A page, latest first. The cursor holds the last node's place in that order, so that pages neither repeat
 * nor leave out a node when others are made meanwhile.
 * @throws BadInput `first` out of range, or the cursor of another list
 */
export async function latestFirst<Doc extends { _id: string }>(
  { collection, wanted, by, dateOf, ...list }: DatedList<Doc>,
  args: PageArguments,
): Promise<Connection<Doc>> {
  const first = pageSizeOf(args.first)
  const place = args.after == null ? null : placeOf(list, args.after)
  const from = place === null ? wanted : ({ $and: [wanted, after(by, place)] } as Filter<Doc>)
  const [found, totalCount] = await Promise.all([
    collection
      .find<Doc>(from)
      .sort({ [by]: -1, _id: -1 })
      .limit(first + 1)
      .toArray(),
    collection.countDocuments(wanted),
  ])
  const cursorOfNode = (node: Doc) => cursorOf(list, { _id: node._id, at: dateOf(node) })
  return pageOf(found, cursorOfNode, { first, hasPreviousPage: place !== null, totalCount })
}

function after(by: string, { at, _id }: Place): Filter<Place> {
  return { $or: [{ [by]: { $lt: at } }, { [by]: at, _id: { $lt: _id } }] } as Filter<Place>
}

function cursorOf({ name }: Named, { _id, at }: Place): string {
  return Buffer.from(`${name}:${at.getTime()}:${_id}`).toString('base64url')
}

function placeOf(list: Named, cursor: string): Place {
  const text = Buffer.from(cursor, 'base64url').toString()
  const [, at, _id = ''] = /^\w+:(\d{1,15}):(.+)$/.exec(text) ?? []
  if (at !== undefined && list.id.test(_id)) {
    const place = { _id, at: new Date(Number(at)) }
    // Of this list, and nothing else: decoding forgives stray characters.
    if (cursorOf(list, place) === cursor) return place
  }
  throw new BadInput('after: is not a cursor of this list')
}
