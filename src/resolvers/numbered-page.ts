import type { Collection, Document, Filter } from 'mongodb'
import { BadInput } from '../rules/bad-input.ts'
import { type Connection, type PageArguments, pageOf, pageSizeOf } from '../rules/connection.ts'

/** A list whose nodes are counted up, and how its cursors are told from others. */
export interface NumberedList<Doc extends Document> {
  collection: Collection<Doc>
  wanted: Filter<Doc>
  /** In each cursor, so that another list's is told from its own. */
  name: string
  numberOf(doc: Doc): number
  /** The field that holds it. */
  field: Extract<keyof Doc, string>
}

/**
 * A page, newest first; the cursor holds the last node's number, so that pages neither repeat nor leave out
 * a node when others are added meanwhile.
 * @throws BadInput `first` out of range, or the cursor of another list
 */
export async function numberedPage<Doc extends Document>(
  { collection, wanted, name, numberOf, field }: NumberedList<Doc>,
  args: PageArguments,
): Promise<Connection<Doc>> {
  const first = pageSizeOf(args.first)
  const place = args.after == null ? null : placeOf(name, args.after)
  const before = place === null ? {} : { [field]: { $lt: place } }
  const [found, totalCount] = await Promise.all([
    collection
      .find<Doc>({ $and: [wanted, before] } as Filter<Doc>)
      .sort({ [field]: -1 })
      .limit(first + 1)
      .toArray(),
    collection.countDocuments(wanted),
  ])
  const cursorOfNode = (doc: Doc) => cursorOf(name, numberOf(doc))
  return pageOf(found, cursorOfNode, { first, hasPreviousPage: place !== null, totalCount })
}

function cursorOf(name: string, number: number): string {
  return Buffer.from(`${name}:${number}`).toString('base64url')
}

function placeOf(name: string, cursor: string): number {
  const text = Buffer.from(cursor, 'base64url').toString()
  const number = Number(/^\w+:(\d{1,15})$/.exec(text)?.[1] ?? Number.NaN)
  // Of this list, and nothing else: decoding forgives stray characters.
  if (cursorOf(name, number) === cursor) return number
  throw new BadInput('after: is not a cursor of this list')
}
