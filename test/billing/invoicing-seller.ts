import type { Seller } from '../../src/rules/billing/seller.ts'

export const seller: Seller = {
  name: 'GetComplical Pty Ltd',
  address: ['1 Example Street', 'Sydney'],
  ...{ taxId: 'ABN 1', taxName: 'GST', taxRate: '10' },
}
