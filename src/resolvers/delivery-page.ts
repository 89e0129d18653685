import type { Db, Filter } from 'mongodb'
import { BadInput } from '../rules/bad-input.ts'
import { pageSizeOf } from '../rules/connection.ts'
import type { DeliveryPage } from '../schema/delivery.ts'
import { type DeliveryDoc, deliveries } from '../store/deliveries.ts'

export interface DeliveryPageArguments {
  first?: number | null | undefined
  after?: string | null | undefined
}

/**
 * Newest first; the cursor holds the last delivery's place in that order, so that pages neither repeat nor
 * leave out a delivery when others are made meanwhile.
 * @throws BadInput
 */
export async function deliveryPage(
  db: Db,
  wanted: Filter<DeliveryDoc>,
  args: DeliveryPageArguments,
): Promise<DeliveryPage> {
  const first = pageSizeOf(args.first)
  const place = args.after == null ? null : placeOf(args.after)
  const [found, totalCount] = await Promise.all([
    deliveries(db)
      .find(place ? { $and: [wanted, after(place)] } : wanted)
      .sort({ createdAt: -1, _id: -1 })
      .limit(first + 1)
      .toArray(),
    deliveries(db).countDocuments(wanted),
  ])
  const edges = found.slice(0, first).map((node) => ({ cursor: cursorOf(node), node }))
  return {
    edges,
    totalCount,
    pageInfo: {
      hasNextPage: found.length > first,
      hasPreviousPage: place !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}

interface Place {
  createdAt: Date
  id: string
}

function after({ createdAt, id }: Place): Filter<DeliveryDoc> {
  return { $or: [{ createdAt: { $lt: createdAt } }, { createdAt, _id: { $lt: id } }] }
}

function cursorOf({ _id, createdAt }: DeliveryDoc): string {
  return Buffer.from(`delivery:${createdAt.getTime()}:${_id}`).toString('base64url')
}

function placeOf(cursor: string): Place {
  const text = Buffer.from(cursor, 'base64url').toString()
  const [, at, id] = /^delivery:(\d{1,15}):([\x21-\x7e]{1,300})$/.exec(text) ?? []
  if (at === undefined || id === undefined) throw new BadInput('"after" is no cursor of this list.')
  return { createdAt: new Date(Number(at)), id }
}
