import type { Collection, Filter } from 'mongodb'
import { BadInput } from '../rules/bad-input.ts'
import { type Connection, type PageArguments, pageOf, pageSizeOf } from '../rules/connection.ts'

interface Dated {
  _id: string
  createdAt: Date
}

type Named = Pick<NewestFirst<Dated>, 'name' | 'id'>

/** A list, and how its cursors are told from others. */
export interface NewestFirst<Doc extends Dated> {
  collection: Collection<Doc>
  wanted: Filter<Doc>
  /** In each cursor, so that another list's is told from its own. */
  name: string
  /** How ids of this list look. */
  id: RegExp
}

/**
 * A page, newest first. The cursor holds the last node's place in that order, so that pages neither repeat
 * nor leave out a node when others are made meanwhile.
 * @throws BadInput `first` out of range, or the cursor of another list
 */
export async function newestFirst<Doc extends Dated>(
  { collection, wanted, ...list }: NewestFirst<Doc>,
  args: PageArguments,
): Promise<Connection<Doc>> {
  const first = pageSizeOf(args.first)
  const place = args.after == null ? null : placeOf(list, args.after)
  const from = place === null ? wanted : ({ $and: [wanted, after(place)] } as Filter<Doc>)
  const [found, totalCount] = await Promise.all([
    collection
      .find<Doc>(from)
      .sort({ createdAt: -1, _id: -1 })
      .limit(first + 1)
      .toArray(),
    collection.countDocuments(wanted),
  ])
  const cursorOfNode = ({ _id, createdAt }: Dated) => cursorOf(list, { _id, createdAt })
  return pageOf(found, cursorOfNode, { first, hasPreviousPage: place !== null, totalCount })
}

function after({ createdAt, _id }: Dated): Filter<Dated> {
  return { $or: [{ createdAt: { $lt: createdAt } }, { createdAt, _id: { $lt: _id } }] }
}

function cursorOf({ name }: Named, { _id, createdAt }: Dated): string {
  return Buffer.from(`${name}:${createdAt.getTime()}:${_id}`).toString('base64url')
}

function placeOf(list: Named, cursor: string): Dated {
  const text = Buffer.from(cursor, 'base64url').toString()
  const [, at, _id = ''] = /^\w+:(\d{1,15}):(.+)$/.exec(text) ?? []
  if (at !== undefined && list.id.test(_id)) {
    const place = { _id, createdAt: new Date(Number(at)) }
    // Of this list, and nothing else: decoding forgives stray characters.
    if (cursorOf(list, place) === cursor) return place
  }
  throw new BadInput('after: is not a cursor of this list')
}
