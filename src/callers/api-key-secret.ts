import { crc32 } from 'node:zlib'
import { type RandomBytes, randomBase62, toBase62 } from './base62.ts'

/**
 * `gc_live_` + 30 base62 (178 bits) + 6 base62 of the CRC-32 over all that precedes it. The checksum
 * proves nothing about the caller: it lets a mistyped or invented secret be refused without a look-up,
 * and lets scanners of public code recognise a leaked one.
 */
const shape = /^gc_live_[0-9A-Za-z]{36}$/
const checksumLength = 6

export function newSecret(random: RandomBytes): string {
  const body = `gc_live_${randomBase62(random, 30)}`
  return body + toBase62(crc32(body), checksumLength)
}

export function isWellFormedSecret(text: string): boolean {
  if (!shape.test(text)) return false
  const body = text.slice(0, -checksumLength)
  return text.slice(-checksumLength) === toBase62(crc32(body), checksumLength)
}

/** What may be shown of a secret after it was shown once: its first twelve characters and its last four. */
export function shownOfSecret(secret: string): { prefix: string; lastFour: string } {
  return { prefix: secret.slice(0, 12), lastFour: secret.slice(-4) }
}
