import type { CalendarDate } from './calendar-date.ts'

/**
 * A cursor names the place after which a page goes on: a due date and an id, the order of every answer.
 * Not the tax date that stood there: announced changes move and withdraw dates between two pages, and
 * the place remains. A checksum ties it to its query, in which alone the place means anything. It is no
 * secret and holds nothing that a client could not see, so nothing stronger is needed.
 */
export type Place = { readonly dueDate: CalendarDate; readonly id: string }

/** Opaque text for `after`. `shape` is the query without its paging. */
export function cursorOf(shape: string, { dueDate, id }: Place): string {
  const text = `${dueDate}|${id}`
  return Buffer.from(`${text}|${checksum(`${shape}|${text}`)}`).toString('base64url')
}

/** The place inside, or undefined for a text that `cursorOf` never made for this shape. */
export function placeOf(shape: string, cursor: string): Place | undefined {
  const [dueDate = '', id = ''] = Buffer.from(cursor, 'base64url').toString().split('|')
  const place = { dueDate, id }
  // Decoding forgives stray characters; a cursor must come back letter by letter.
  return cursorOf(shape, place) === cursor ? place : undefined
}

/** The order of the public contract; `<` compares strings by code unit. */
export function liesBefore(a: Place, b: Place): boolean {
  return a.dueDate === b.dueDate ? a.id < b.id : a.dueDate < b.dueDate
}

/**
 * A short name for everything that decides which dates a query holds. What changes by itself, as the
 * day that is today, stays out of it: a cursor of yesterday still goes on where it stood.
 */
export function shapeOf(parts: readonly unknown[]): string {
  return checksum(JSON.stringify(parts))
}

/** FNV-1a, 32 bits, twice with different offsets. */
function checksum(text: string): string {
  let low = 0x811c9dc5
  let high = 0x01000193
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    low = Math.imul(low ^ unit, 0x01000193)
    high = Math.imul(high ^ unit, 0x85ebca6b)
  }
  return (low >>> 0).toString(36) + (high >>> 0).toString(36)
}
