import type { ProviderAccess } from './outgoing/provider-access.ts'
import type { BillingProvider } from './rules/billing/fact.ts'
import type { Seller } from './rules/billing/seller.ts'
import type { WebhookSecretsSource } from './rules/billing/webhook-secrets.ts'
import type { Settings } from './settings.ts'

export interface BillingConfig {
  /** Whether events of real money count, or those of test modes. */
  live: boolean
  webhookSecrets: Readonly<Record<BillingProvider, WebhookSecretsSource>>
  /** Null: Stripe is not asked. */
  stripe: ProviderAccess | null
  paddle: ProviderAccess | null
  seller: Seller
}

const STRIPE_API = 'https://api.stripe.com'
const PADDLE_API = {
  live: 'https://api.paddle.com',
  test: 'https://sandbox-api.paddle.com',
} as const

/** What an operator should know at the start, though nothing stands still without it; null: nothing. */
export function whyInvoicesLack({
  production,
  billing,
}: {
  production: boolean
  billing: Pick<BillingConfig, 'seller'>
}): string | null {
  if (!production || billing.seller.address.length > 0) return null
  return 'SELLER_ADDRESS is not set: invoices are issued without the address of who sends them'
}

export function billingConfig(values: Settings): BillingConfig {
  const { BILLING_MODE: mode, STRIPE_SECRET_KEY: stripeKey, PADDLE_API_KEY: paddleKey } = values
  const source = (secrets: string[] | undefined, file: string | undefined) =>
    secrets ? { secrets } : file ? { file } : null
  return {
    live: mode === 'live',
    webhookSecrets: {
      STRIPE: source(values.STRIPE_WEBHOOK_SECRETS, values.STRIPE_WEBHOOK_SECRETS_FILE),
      PADDLE: source(values.PADDLE_WEBHOOK_SECRETS, values.PADDLE_WEBHOOK_SECRETS_FILE),
    },
    stripe: stripeKey ? { key: stripeKey, apiBase: values.STRIPE_API_BASE ?? STRIPE_API } : null,
    paddle: paddleKey
      ? { key: paddleKey, apiBase: values.PADDLE_API_BASE ?? PADDLE_API[mode] }
      : null,
    seller: {
      name: values.SELLER_NAME,
      address: values.SELLER_ADDRESS,
      taxId: values.SELLER_TAX_ID ?? null,
      taxName: values.SELLER_TAX_NAME,
      taxRate: values.SELLER_TAX_RATE,
    },
  }
}
