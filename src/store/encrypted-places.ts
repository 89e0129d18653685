/** A field whose value is encrypted, and bound to its record's `_id` and to its own path. */
export interface EncryptedPlace {
  collection: string
  /** Dotted where it lies deeper: also the name that is bound to it. */
  path: string
}

/**
 * Every place that holds an `Encrypted`: what is not named here stays on its old key when keys rotate, and is lost
 * with it. A test reads the documents' types and finds each of them in this list.
 */
export const encryptedPlaces: readonly EncryptedPlace[] = [
  { collection: 'channels', path: 'target' },
  { collection: 'channels', path: 'secret' },
  { collection: 'billingInbox', path: 'raw' },
  { collection: 'billingSubscriptions', path: 'customer' },
  { collection: 'apiKeys', path: 'billing.customer' },
  { collection: 'issuerRecords', path: 'content' },
  { collection: 'checkouts', path: 'url' },
]
