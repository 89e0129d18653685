import { randomBytes } from 'node:crypto'
import type { Db } from 'mongodb'
import product from '../package.json' with { type: 'json' }
import type { Config } from './config.ts'
import type { EmbeddedIssuer } from './embedded/issuer/embedded-issuer.ts'
import type { Logger } from './log.ts'
import type { DashboardConfig } from './rest/dashboard/routes.ts'
import type { Encryption } from './store/encryption.ts'

type IssuerModule = typeof import('./embedded/issuer/embedded-issuer.ts')

/**
 * Half a second of modules, to be loaded while MongoDB is waited for, and only where they are wanted: nothing
 * of them runs anywhere else.
 */
export function loadOwnIssuer({ ownIssuer }: Config): Promise<IssuerModule> | null {
  return ownIssuer && import('./embedded/issuer/embedded-issuer.ts')
}

/** @param origin under which this machine reaches the process */
export async function startOwnIssuer(
  loading: Promise<IssuerModule> | null,
  { ownIssuer, dataDir, publicUrl }: Config,
  origin: string,
  tools: { db: Db; encryption: Encryption; clock: () => number; log: Logger },
): Promise<EmbeddedIssuer | null> {
  if (!ownIssuer || !loading) return null
  const { createEmbeddedIssuer } = await loading
  const where = { origin, dataDir, publicUrl }
  return createEmbeddedIssuer({ ...ownIssuer, ...tools, ...where, random: randomBytes })
}

/** @param issuer null: the settings name one, or none */
export function dashboardConfig(config: Config, issuer: EmbeddedIssuer | null): DashboardConfig {
  const { selfSignup, production, oidcScopes: scopes } = config
  const { version } = product
  const oidc = issuer?.oidc ?? config.oidc
  return {
    issuer: oidc?.issuer ?? null,
    clientId: oidc?.clientId ?? null,
    audience: oidc?.audience ?? null,
    ...{ scopes, demo: issuer !== null, selfSignup, production, version },
  }
}
