/** Who sends invoices. */
export interface Seller {
  name: string
  /** Lines. */
  address: readonly string[]
  taxId: string | null
  /** What the tax line is called. */
  taxName: string
  /** Decimal percentage, `8.875`; `0`: none. */
  taxRate: string
}
