import type { Collection, Db } from 'mongodb'

export interface ApiKeyDoc {
  /** `key_` + 12 base62: short, because it travels with every usage event. */
  _id: string
  accountId: string
  name: string
  /** `gc_live_xxxx`: the part of the secret that may be shown. */
  prefix: string
  lastFour: string
  /**
   * HMAC-SHA-256 of each secret that still opens this key, base64url, newest first. A rotated one
   * carries the instant from which it is refused.
   */
  secrets: { hash: string; expiresAt?: Date }[]
  /** Plan id. */
  tier: string
  /** Plain words; null unless blocked. */
  blockedBecause: string | null
  revokedAt: Date | null
  alertsEnabled: boolean
  createdAt: Date
}

export function apiKeys(db: Db): Collection<ApiKeyDoc> {
  return db.collection('apiKeys')
}
