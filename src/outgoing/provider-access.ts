/** How a payment provider's API is reached. */
export interface ProviderAccess {
  key: string
  /** Origin, without a slash at its end. It comes from settings: private addresses are allowed. */
  apiBase: string
}
