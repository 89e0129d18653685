import type { InvoiceContent, InvoiceLine } from '../../src/rules/billing/invoice.ts'

export function planLine(name: string): InvoiceLine {
  return {
    ...{ what: 'plan', apiKeyId: 'key_abcd', tier: 'starter' },
    description: `Starter: ${name} (gc_live_abcd), 1–15 November 2026 (15 of 30 days)`,
    ...{ quantity: 15, unitPrice: '0.966667', amount: 1_450 },
  }
}

/** Not reckoned: only something to be shown. */
export function sampleInvoice(more: Partial<InvoiceContent> = {}): InvoiceContent {
  return {
    ...{
      id: 'inv_sample',
      accountId: 'acc_Q7hT2mPz9Lk4XwYv',
      kind: 'INVOICE',
      number: 'INV-000012',
    },
    ...{ month: '2026-11', issuedAt: '2026-12-01T02:00:03.000Z', currency: 'USD' },
    seller: {
      name: 'GetComplical Pty Ltd',
      address: ['1 Example Street', 'Sydney NSW 2000', 'Australia'],
      ...{ taxId: 'ABN 12 345 678 901', taxName: 'GST', taxRate: '10' },
    },
    buyer: {
      name: 'Ledger Ltd',
      address: ['42 Audit Lane', 'London EC1A 1BB'],
      taxId: 'GB123456789',
    },
    lines: [
      planLine('production'),
      {
        ...{ what: 'overage', apiKeyId: 'key_abcd', tier: 'pro', quantity: 12_345 },
        description: 'Calls above 100,000 (Pro): production (gc_live_abcd), November 2026',
        ...{ unitPrice: '0.002', amount: 2_469 },
      },
      {
        ...{ what: 'tax', apiKeyId: null, tier: null, description: 'GST 10 %', quantity: 1 },
        ...{ unitPrice: '3.92', amount: 392 },
      },
    ],
    ...{ subtotal: 3_919, tax: { name: 'GST', rate: '10', amount: 392 }, total: 4_311 },
    basis: { plans: [], keys: [], usage: [] },
    ...{ providerInvoices: [], subscriptions: [], credits: null, reason: null },
    ...more,
  }
}
