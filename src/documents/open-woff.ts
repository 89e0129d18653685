import { inflateSync } from 'node:zlib'

/** Sizes in bytes, of https://www.w3.org/TR/WOFF/ and of the OpenType table directory. */
const woff = { header: 44, entry: 20 } as const
const sfnt = { header: 12, entry: 16 } as const

/**
 * A WOFF 1.0 file as the OpenType font that it packs. fontkit reads WOFF too, but unpacks a whole table again
 * for every glyph: a page took six seconds.
 * @throws Error for anything else
 */
export function openWoff(file: Buffer): Buffer {
  if (file.toString('latin1', 0, 4) !== 'wOFF') throw new Error('this is no WOFF file')
  const count = file.readUInt16BE(12)
  const tables = Array.from({ length: count }, (_, index) => {
    const at = woff.header + index * woff.entry
    const [offset, packed, size] = [4, 8, 12].map((field) => file.readUInt32BE(at + field))
    const bytes = file.subarray(offset, (offset ?? 0) + (packed ?? 0))
    const content = packed === size ? bytes : inflateSync(bytes)
    return { tag: file.subarray(at, at + 4), checksum: file.readUInt32BE(at + 16), content }
  })
  const head = Buffer.alloc(sfnt.header + count * sfnt.entry)
  file.copy(head, 0, 4, 8)
  head.writeUInt16BE(count, 4)
  writeSearchHints(head, count)
  let offset = head.length
  const parts: Buffer[] = [head]
  for (const [index, { tag, checksum, content }] of tables.entries()) {
    const at = sfnt.header + index * sfnt.entry
    tag.copy(head, at)
    head.writeUInt32BE(checksum, at + 4)
    head.writeUInt32BE(offset, at + 8)
    head.writeUInt32BE(content.length, at + 12)
    // Each table begins at a multiple of four.
    const padding = Buffer.alloc((4 - (content.length % 4)) % 4)
    parts.push(content, padding)
    offset += content.length + padding.length
  }
  return Buffer.concat(parts)
}

/** For readers that look tables up by halving; the font's own directory has them. */
function writeSearchHints(head: Buffer, count: number): void {
  const power = Math.floor(Math.log2(count))
  const range = 2 ** power * sfnt.entry
  head.writeUInt16BE(range, 6)
  head.writeUInt16BE(power, 8)
  head.writeUInt16BE(count * sfnt.entry - range, 10)
}
