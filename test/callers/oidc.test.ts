import { createHmac, KeyObject, sign } from 'node:crypto'
import { exportSPKI, importJWK } from 'jose'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createTokenVerifier, type OidcSettings, TokenRefused } from '../../src/callers/oidc.ts'
import { audience, createSigningKey, startIssuer, type TestIssuer } from './issuer.ts'

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await startIssuer()
})
afterAll(() => issuer.close())

const silent = pino({ level: 'silent' })

function setUp(settings: Partial<OidcSettings> = {}, at = issuer) {
  const time = { offset: 0 }
  const none = { clientId: null, clientClaim: null, adminClaim: null }
  const verifier = createTokenVerifier(
    { issuer: at.url, audience, ...none, ...settings },
    { fetch, clock: () => Date.now() + time.offset, log: silent, registry: new Registry() },
  )
  return { verifier, time, verify: verifier.verify }
}

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const goodClaims = () => ({
  iss: issuer.url,
  aud: audience,
  sub: 'user-1',
  exp: Math.floor(Date.now() / 1_000) + 600,
})

describe('a token', () => {
  test('of the issuer, for this audience, is accepted with its subject and its end', async () => {
    const exp = Math.floor(Date.now() / 1_000) + 60
    const token = await issuer.token({ exp, aud: ['other', audience] })
    expect(await setUp().verify(token)).toEqual({
      sub: 'user-1',
      admin: false,
      expiresAt: exp * 1_000,
    })
  })

  test.each(['ES256', 'EdDSA'])('signed with %s is accepted', async (alg) => {
    const other = await createSigningKey(alg, alg)
    issuer.published.push(other.jwk)
    expect(await setUp().verify(await issuer.token({}, {}, other))).toMatchObject({ sub: 'user-1' })
  })

  test.each<[string, () => string | Promise<string>]>([
    ['that is empty', () => ''],
    ['that is no token', () => 'a.b.c'],
    ['of 100 kB', () => `${part({ alg: 'RS256' })}.${'x'.repeat(100_000)}.x`],
    ['with alg none and no signature', () => `${part({ alg: 'none' })}.${part(goodClaims())}.`],
    [
      'signed by HS256 with the RSA public key as the secret',
      async () => {
        const key = await importJWK(issuer.key.jwk, 'RS256', { extractable: true })
        const pem = await exportSPKI(key as CryptoKey)
        const signed = `${part({ alg: 'HS256', kid: 'first' })}.${part(goodClaims())}`
        return `${signed}.${createHmac('sha256', pem).update(signed).digest('base64url')}`
      },
    ],
    [
      'signed by somebody else',
      async () => issuer.token({}, {}, await createSigningKey('RS256', 'first')),
    ],
    [
      'signed by PS256 where the key is for RS256',
      async () => {
        const pss = await createSigningKey('PS256', 'first')
        return issuer.token({}, {}, pss)
      },
    ],
    [
      'signed by PS256 with a key that the issuer publishes without an algorithm',
      async () => {
        const pss = await createSigningKey('PS256', 'pss')
        const { alg: _, ...jwk } = pss.jwk
        issuer.published.push(jwk)
        return issuer.token({}, {}, pss)
      },
    ],
    [
      'whose claims were changed',
      async () => {
        const [header, , signature] = (await issuer.token()).split('.')
        return `${header}.${part({ ...goodClaims(), sub: 'user-2' })}.${signature}`
      },
    ],
    ['without exp', () => issuer.token({ exp: undefined })],
    ['that has expired', () => issuer.token({ exp: Math.floor(Date.now() / 1_000) })],
    ['that is not valid yet', () => issuer.token({ nbf: Math.floor(Date.now() / 1_000) + 60 })],
    ['without sub', () => issuer.token({ sub: undefined })],
    ['with an empty sub', () => issuer.token({ sub: '' })],
    ['for another audience', () => issuer.token({ aud: 'somebody-else' })],
    ['without aud', () => issuer.token({ aud: undefined })],
    ['of another issuer', () => issuer.token({ iss: 'https://issuer.example' })],
    ['without iss', () => issuer.token({ iss: undefined })],
    ['that is an ID token by token_use', () => issuer.token({ token_use: 'id' })],
    ['that is an ID token by at_hash', () => issuer.token({ at_hash: 'x' })],
    ['with an empty token_use', () => issuer.token({ token_use: '' })],
    ['of type logout+jwt', () => issuer.token({}, { typ: 'logout+jwt' })],
    [
      'with an unknown critical header, well signed',
      () => {
        const header = { alg: 'RS256', kid: 'first', crit: ['x'], x: 1 }
        const signed = `${part(header)}.${part(goodClaims())}`
        const key = KeyObject.from(issuer.key.privateKey)
        return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`
      },
    ],
    [
      'that brings its own key',
      async () => {
        const own = await createSigningKey('RS256', 'own')
        return issuer.token({}, { jwk: own.jwk }, own)
      },
    ],
    ['that says where its key is', () => issuer.token({}, { jku: `${issuer.url}/keys` })],
    ['that brings a certificate', () => issuer.token({}, { x5c: ['MII='] })],
    ['with a key id that nobody knows', () => issuer.token({}, { kid: '../first' })],
  ])('%s is refused', async (_name, make) => {
    const { verify } = setUp()
    await expect(verify(await make())).rejects.toThrow(TokenRefused)
    // What was refused left the verifier as it was.
    expect(await verify(await issuer.token())).toMatchObject({ sub: 'user-1' })
  })

  test('of an access token type is accepted', async () => {
    const { verify } = setUp()
    for (const typ of ['JWT', 'at+jwt', 'application/at+jwt']) {
      expect(await verify(await issuer.token({}, { typ }))).toMatchObject({ sub: 'user-1' })
    }
    expect(await verify(await issuer.token({ token_use: 'access' }))).toMatchObject({
      sub: 'user-1',
    })
  })
})

describe('a Cognito token', () => {
  const cognito = { audience: null, clientId: 'app-1', clientClaim: 'client_id' }

  test('is accepted by its client_id in place of aud', async () => {
    const token = await issuer.token({ aud: undefined, client_id: 'app-1', token_use: 'access' })
    expect(await setUp(cognito).verify(token)).toMatchObject({ sub: 'user-1' })
  })

  test('of another client, or an ID token, is refused', async () => {
    const { verify } = setUp(cognito)
    const other = await issuer.token({ aud: undefined, client_id: 'app-2', token_use: 'access' })
    await expect(verify(other)).rejects.toThrow(TokenRefused)
    const id = await issuer.token({ aud: 'app-1', token_use: 'id' })
    await expect(verify(id)).rejects.toThrow(TokenRefused)
  })
})

describe('the admin claim', () => {
  test('is the claim itself or one of a list, and nothing that looks like it', async () => {
    const { verify } = setUp({ adminClaim: { name: 'groups', value: 'ops' } })
    const admin = async (claims: Record<string, unknown>) =>
      (await verify(await issuer.token(claims))).admin
    expect(await admin({ groups: 'ops' })).toBe(true)
    expect(await admin({ groups: ['dev', 'ops'] })).toBe(true)
    expect(await admin({ groups: ['dev'] })).toBe(false)
    expect(await admin({ groups: { ops: true } })).toBe(false)
    expect(await admin({ group: 'ops' })).toBe(false)
    expect(await admin({})).toBe(false)
  })
})

describe('the keys of the issuer', () => {
  async function ownIssuer() {
    const own = await startIssuer()
    onTestFinished(() => own.close())
    return own
  }
  const reads = (own: TestIssuer) => own.requests.get('/keys') ?? 0

  test('that nobody knows cause at most two fetches a minute', async () => {
    const own = await ownIssuer()
    const { verify, time } = setUp({}, own)
    const flood = async () => {
      for (let i = 0; i < 200; i += 1) {
        const token = await own.token({}, { kid: `unknown-${i}` })
        await expect(verify(token)).rejects.toThrow(TokenRefused)
      }
    }
    await flood()
    expect(reads(own)).toBe(2)
    time.offset += 59_000
    await flood()
    expect(reads(own)).toBe(2)
    time.offset += 1_000
    await flood()
    expect(reads(own)).toBe(4)
  })

  test('are read again when a token names a new one, and a withdrawn one is refused then', async () => {
    const own = await ownIssuer()
    const { verify } = setUp({}, own)
    await verify(await own.token())
    const next = await createSigningKey('ES256', 'second')
    own.published = [next.jwk]
    expect(await verify(await own.token({}, {}, next))).toMatchObject({ sub: 'user-1' })
    await expect(verify(await own.token())).rejects.toThrow(TokenRefused)
  })

  test('go on working while the issuer is down for an hour, and for tokens of no known key too', async () => {
    const own = await ownIssuer()
    const { verify, time } = setUp({}, own)
    await verify(await own.token())
    own.down = true
    for (let minute = 0; minute < 60; minute += 5) {
      time.offset = minute * 60_000
      const exp = Math.floor((Date.now() + time.offset) / 1_000) + 60
      expect(await verify(await own.token({ exp }))).toMatchObject({ sub: 'user-1' })
      const unknown = own.token({ exp }, { kid: 'unknown' })
      await expect(verify(await unknown)).rejects.toThrow(TokenRefused)
    }
  })

  test('that were never read make tokens unavailable, not refused', async () => {
    const own = await ownIssuer()
    own.down = true
    const { verify, time } = setUp({}, own)
    await expect(verify(await own.token())).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    own.down = false
    time.offset = 60_000
    expect(await verify(await own.token())).toMatchObject({ sub: 'user-1' })
  })

  test('are not taken from a discovery document that names another issuer', async () => {
    const own = await ownIssuer()
    const { verify } = setUp({ issuer: own.url.replace('127.0.0.1', 'localhost') }, own)
    await expect(verify(await own.token())).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(reads(own)).toBe(0)
  })
})

describe('where a browser has to ask to sign in', () => {
  test('are the issuer and what its discovery document names, each once, plain http nowhere else', async () => {
    const own = await startIssuer()
    onTestFinished(() => own.close())
    own.endpoints = {
      authorization_endpoint: 'https://pool.auth.example/oauth2/authorize',
      token_endpoint: 'https://pool.auth.example/oauth2/token',
      revocation_endpoint: 'http://insecure.example/revoke',
      end_session_endpoint: 'not a URL',
      userinfo_endpoint: 'https://people.example/me',
    }
    const { verifier, verify } = setUp({}, own)
    expect(verifier.origins()).toEqual([own.url])
    await verify(await own.token())
    expect(verifier.origins()).toEqual([
      ...[own.url, 'https://pool.auth.example', 'https://people.example'],
    ])
  })
})

describe('settings that would accept the tokens of others', () => {
  test.each([
    ['a plain http issuer elsewhere', { issuer: 'http://issuer.example' }],
    ['no audience', { audience: null }],
    ['a client claim without a client', { clientClaim: 'client_id' }],
  ])('stop the start: %s', (_name, settings) => {
    expect(() => setUp(settings)).toThrow('OIDC_')
  })
})
