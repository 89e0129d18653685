/**
 * A cursor names the date after which a page goes on and the query it belongs to: with the cursor of
 * another query the page would begin at a place that means nothing there. It is no secret and holds
 * nothing that a client could not see, so a plain checksum is enough.
 */

/** Opaque text for `after`. `shape` is the query without its paging. */
export function cursorOf(shape: string, id: string): string {
  return Buffer.from(`${shape}|${id}`).toString('base64url')
}

/** The id inside, or undefined for a text that `cursorOf` never made for this shape. */
export function idOfCursor(shape: string, cursor: string): string | undefined {
  const text = Buffer.from(cursor, 'base64url').toString()
  const prefix = `${shape}|`
  if (!text.startsWith(prefix)) return undefined
  const id = text.slice(prefix.length)
  // Decoding forgives stray characters; a cursor must come back letter by letter.
  return cursorOf(shape, id) === cursor ? id : undefined
}

/**
 * A short checksum of everything that decides which dates a query holds and in which order: FNV-1a,
 * 32 bits, twice with different offsets.
 */
export function shapeOf(parts: readonly unknown[]): string {
  const text = JSON.stringify(parts)
  let low = 0x811c9dc5
  let high = 0x01000193
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    low = Math.imul(low ^ unit, 0x01000193)
    high = Math.imul(high ^ unit, 0x85ebca6b)
  }
  return (low >>> 0).toString(36) + (high >>> 0).toString(36)
}
