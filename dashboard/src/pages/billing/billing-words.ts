import type {
  BillingProvider,
  BillingStatus,
  InvoiceKind,
  InvoiceStatus,
} from '../../gql/graphql.ts'

export const providerNames: Readonly<Record<BillingProvider, string>> = {
  STRIPE: 'Stripe',
  PADDLE: 'Paddle',
}

interface Shown {
  word: string
  colour: string
}

export const subscriptionWords: Readonly<Record<BillingStatus, Shown>> = {
  NONE: { word: 'No subscription', colour: 'gray' },
  ACTIVE: { word: 'Paid', colour: 'green' },
  TRIALING: { word: 'On trial', colour: 'blue' },
  PAST_DUE: { word: 'Past due', colour: 'orange' },
  PAUSED: { word: 'Paused', colour: 'gray' },
  CANCELED: { word: 'Cancelled', colour: 'gray' },
}

export const kindWords: Readonly<Record<InvoiceKind, string>> = {
  INVOICE: 'Invoice',
  USAGE_STATEMENT: 'Usage statement',
  CREDIT_NOTE: 'Credit note',
}

export const invoiceWords: Readonly<Record<InvoiceStatus, Shown>> = {
  DRAFT: { word: 'Draft', colour: 'gray' },
  OPEN: { word: 'To be paid', colour: 'blue' },
  PAID: { word: 'Paid', colour: 'green' },
  UNCOLLECTIBLE: { word: 'Given up', colour: 'red' },
  VOID: { word: 'Void', colour: 'gray' },
}
