import type { Settings } from './settings.ts'

export interface OidcConfig {
  issuer: string
  audience: string | null
  clientId: string | null
  /** The claim that is compared with `clientId` in place of `aud` (Cognito: `client_id`). */
  clientClaim: string | null
  adminClaim: { name: string; value: string } | null
}

export interface OwnIssuerConfig {
  /** Whether the demo's tokens carry the claim. */
  demoAdmin: boolean
  adminClaim: { name: string; value: string }
}

export function oidcConfig(values: Settings, issuer: string): OidcConfig {
  return {
    issuer,
    audience: values.OIDC_AUDIENCE ?? null,
    clientId: values.OIDC_CLIENT_ID ?? null,
    clientClaim: values.OIDC_CLIENT_CLAIM ?? null,
    adminClaim: values.OIDC_ADMIN_CLAIM ?? null,
  }
}

const defaultAdminClaim = { name: 'role', value: 'admin' }

export function ownIssuerConfig(values: Settings): OwnIssuerConfig {
  return {
    demoAdmin: values.DEMO_ADMIN === '1',
    adminClaim: values.OIDC_ADMIN_CLAIM ?? defaultAdminClaim,
  }
}
