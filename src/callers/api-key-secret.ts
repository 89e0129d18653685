import type { RandomBytes } from './base62.ts'
import { secretKind } from './checked-secret.ts'

/** 178 random bits and a checksum. */
const kind = secretKind('gc_live_', 30)

export function newSecret(random: RandomBytes): string {
  return kind.make(random)
}

export function isWellFormedSecret(text: string): boolean {
  return kind.isWellFormed(text)
}

/** What may be shown of a secret after it was shown once: its first twelve characters and its last four. */
export function shownOfSecret(secret: string): { prefix: string; lastFour: string } {
  return { prefix: secret.slice(0, 12), lastFour: secret.slice(-4) }
}
