/** How many keys an account's owner may hold and create by himself; the admin is not bound. */
export interface OwnerKeyLimits {
  /** Keys that are not revoked, whoever created them. */
  live: number
  /** Keys that the owner created in a UTC month, revoked ones included. */
  perMonth: number
  /** Of these, the ones on plans without a price at the moment: an upgraded key makes room for the next. */
  unpricedPerMonth: number
}

export const defaultOwnerKeyLimits: OwnerKeyLimits = { live: 10, perMonth: 10, unpricedPerMonth: 2 }

export interface OwnedKey {
  live: boolean
  /** The owner created it in the running UTC month. */
  ownThisMonth: boolean
  /** Its plan has a price. */
  priced: boolean
}

/** Why the owner may not create one more key on such a plan, in plain words; null: he may. */
export function whyNoMoreKeys(
  keys: readonly OwnedKey[],
  next: { priced: boolean },
  limits: OwnerKeyLimits,
): string | null {
  if (keys.filter((key) => key.live).length >= limits.live) {
    return `An account holds at most ${limits.live} keys that are not revoked.`
  }
  const created = keys.filter((key) => key.ownThisMonth)
  if (created.length >= limits.perMonth) {
    return `An account creates at most ${limits.perMonth} keys a month (UTC).`
  }
  const unpriced = created.filter((key) => !key.priced)
  if (!next.priced && unpriced.length >= limits.unpricedPerMonth) {
    return `An account creates at most ${limits.unpricedPerMonth} keys without a paid plan a month (UTC).`
  }
  return null
}
