import { generateKeyPairSync } from 'node:crypto'
import { type KeptIssuer, keptIssuer } from '../kept-files.ts'

/** What the issuer of this DATA_DIR signs with, made at first start: tokens outlive a restart. */
export function ensureIssuerSecrets(dataDir: string, random: (size: number) => Buffer): KeptIssuer {
  const kept = keptIssuer.read(dataDir)
  if (kept) return kept
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '', d = '' } = privateKey.export({ format: 'jwk' })
  const key = { kty: 'EC', crv: 'P-256', x, y, d, kid: random(9).toString('base64url') } as const
  const made = { signingKey: key, cookieKey: random(32).toString('base64url') }
  keptIssuer.write(dataDir, made)
  return made
}

/** The public half, for whoever checks tokens. */
export function publicKeyOf({ signingKey: { d: _, ...key } }: KeptIssuer) {
  return { ...key, alg: 'ES256', use: 'sig' }
}
