import type { RandomBytes } from './base62.ts'
import { secretKind } from './checked-secret.ts'

/** 256 random bits and a checksum: it stands in an address, where no second secret guards it. */
const kind = secretKind('gc_cal_', 43)

export function newFeedToken(random: RandomBytes): string {
  return kind.make(random)
}

export function isWellFormedFeedToken(text: string): boolean {
  return kind.isWellFormed(text)
}
