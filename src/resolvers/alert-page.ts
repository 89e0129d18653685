import type { Db } from 'mongodb'
import { BadInput } from '../rules/bad-input.ts'
import { type Connection, type PageArguments, pageOf, pageSizeOf } from '../rules/connection.ts'
import { type AlertDoc, type AlertScope, alerts, shownAlerts } from '../store/alerts.ts'

/**
 * Newest first; the cursor holds the last alert's place in the account's order, so that pages neither
 * repeat nor leave out an alert when others are raised meanwhile.
 * @throws BadInput `first` out of range, or the cursor of another list
 */
export async function alertPage(
  db: Db,
  scope: AlertScope,
  args: PageArguments,
): Promise<Connection<AlertDoc>> {
  const first = pageSizeOf(args.first)
  const place = args.after == null ? null : placeOf(args.after)
  const shown = shownAlerts(scope)
  const [found, totalCount] = await Promise.all([
    alerts(db)
      .find(place === null ? shown : { ...shown, sequence: { $lt: place } })
      .sort({ sequence: -1 })
      .limit(first + 1)
      .toArray(),
    alerts(db).countDocuments(shown),
  ])
  return pageOf(found, cursorOf, { first, hasPreviousPage: place !== null, totalCount })
}

function cursorOf({ sequence }: Pick<AlertDoc, 'sequence'>): string {
  return Buffer.from(`alert:${sequence}`).toString('base64url')
}

function placeOf(cursor: string): number {
  const text = Buffer.from(cursor, 'base64url').toString()
  const sequence = Number(/^alert:(\d{1,15})$/.exec(text)?.[1] ?? Number.NaN)
  // Decoding forgives stray characters; a cursor must come back letter by letter.
  if (cursorOf({ sequence }) === cursor) return sequence
  throw new BadInput('after: is not a cursor of this list')
}
