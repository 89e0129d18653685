import type { ApiKeyStatus, BillingStatus } from '../../gql/graphql.ts'

export const billingWords: Readonly<Record<BillingStatus, string>> = {
  NONE: 'No subscription',
  ACTIVE: 'Paid',
  TRIALING: 'On trial',
  PAST_DUE: 'Past due',
  PAUSED: 'Paused',
  CANCELED: 'Cancelled',
}

export const keyStatusWords: Readonly<Record<ApiKeyStatus, string>> = {
  ACTIVE: 'Active',
  BLOCKED: 'Blocked',
  REVOKED: 'Revoked',
}

export const keyStatusColours: Readonly<Record<ApiKeyStatus, string>> = {
  ACTIVE: 'green',
  BLOCKED: 'red',
  REVOKED: 'gray',
}
