import { crc32 } from 'node:zlib'
import { type RandomBytes, randomBase62, toBase62 } from './base62.ts'

/** How secrets of one kind are made, and told from any other text without a look-up. */
export interface SecretKind {
  make(random: RandomBytes): string
  isWellFormed(text: string): boolean
}

const checksumLength = 6

/**
 * `prefix`, so many random base62 digits, and 6 more of the CRC-32 over all that precedes them. The
 * checksum proves nothing about the caller: it lets a mistyped or invented secret be refused without a
 * look-up, and lets scanners of public code recognise a leaked one.
 * @param prefix letters, digits and underscores
 */
export function secretKind(prefix: string, digits: number): SecretKind {
  const shape = new RegExp(`^${prefix}[0-9A-Za-z]{${digits + checksumLength}}$`)
  const length = prefix.length + digits + checksumLength
  const checksum = (body: string) => toBase62(crc32(body), checksumLength)
  return {
    make(random) {
      const body = prefix + randomBase62(random, digits)
      return body + checksum(body)
    },
    isWellFormed(text) {
      if (text.length !== length || !shape.test(text)) return false
      return text.slice(-checksumLength) === checksum(text.slice(0, -checksumLength))
    },
  }
}
