import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

export interface SigningKey {
  alg: string
  privateKey: CryptoKey
  /** Public, with `kid`. */
  jwk: JWK
}

/** A token issuer on loopback: discovery document, keys, and a way to fail. */
export interface TestIssuer {
  url: string
  key: SigningKey
  /** What the key set holds; change it to rotate. */
  published: JWK[]
  /** Requests answered, by path. */
  requests: Map<string, number>
  /** What its discovery document says besides. */
  endpoints: Record<string, string>
  /** While true every answer is a 503. */
  down: boolean
  /** A good access token with these claims over the default ones; undefined removes one. */
  token(
    claims?: Record<string, unknown>,
    header?: Record<string, unknown>,
    key?: SigningKey,
  ): Promise<string>
  close(): Promise<void>
}

export const audience = 'getcomplical-api'

export async function createSigningKey(alg: string, kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

export async function startIssuer(): Promise<TestIssuer> {
  const key = await createSigningKey('RS256', 'first')
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    issuer.requests.set(path, (issuer.requests.get(path) ?? 0) + 1)
    const { url, endpoints } = issuer
    const documents: Record<string, unknown> = {
      '/.well-known/openid-configuration': { issuer: url, jwks_uri: `${url}/keys`, ...endpoints },
      '/keys': { keys: issuer.published },
    }
    response.statusCode = issuer.down ? 503 : documents[path] ? 200 : 404
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(issuer.down ? {} : (documents[path] ?? {})))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer: TestIssuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    key,
    published: [key.jwk],
    requests: new Map(),
    endpoints: {},
    down: false,
    token(claims = {}, header = {}, by = key) {
      const now = Math.floor(Date.now() / 1_000)
      const all = { iss: issuer.url, aud: audience, sub: 'user-1', iat: now, exp: now + 600 }
      const given = Object.entries({ ...all, ...claims }).filter(([, value]) => value !== undefined)
      return new SignJWT(Object.fromEntries(given))
        .setProtectedHeader({ alg: by.alg, ...(by.jwk.kid && { kid: by.jwk.kid }), ...header })
        .sign(by.privateKey)
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return issuer
}
