import { hash } from 'node:crypto'
import { request } from 'node:http'
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keptIssuer } from '../../../src/embedded/kept-files.ts'
import type { OwnIssuerConfig } from '../../../src/oidc-config.ts'
import { accounts } from '../../../src/store/accounts.ts'
import { issuerRecords } from '../../../src/store/issuer-records.ts'
import { startTestApi, type TestApi } from '../../api.ts'
import { createSigningKey } from '../../callers/issuer.ts'
import {
  authorize,
  continueAsDemo,
  exchange,
  locationOf,
  openBrowser,
  refresh,
  signInAsDemo,
  type Tokens,
} from './demo-browser.ts'

const adminClaim = { name: 'role', value: 'admin' }
const embedded = (ownIssuer: OwnIssuerConfig | null) => ({ embedded: true, ownIssuer })

let api: TestApi
let issuer: string
let tokens: Tokens
beforeAll(async () => {
  api = await startTestApi({}, embedded({ demoAdmin: false, adminClaim }))
  issuer = `${api.url}/issuer`
  await accounts(api.db).insertOne({
    ...{ _id: 'acc_demo', name: 'Demo', email: 'demo@example.com', userId: 'demo' },
    ...{ currency: 'USD', createdAt: new Date() },
  })
  tokens = await signInAsDemo(issuer)
})
afterAll(() => api.end())

const question = '{ account { id } }'
const asked = (token: string) =>
  api.ask(question, { headers: { authorization: `Bearer ${token}` } })

describe('the issuer of the demo', () => {
  test('is found by its discovery document and offers one way alone: code, PKCE, no secret', async () => {
    const response = await fetch(`${issuer}/.well-known/openid-configuration`)
    expect(await response.json()).toMatchObject({
      issuer,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
    })
  })

  test('shows a page with one button, which runs no script and leads nowhere else', async () => {
    const browser = openBrowser()
    const { location } = await authorize(browser, issuer)
    const page = await browser.get(location.href)
    expect(page.status).toBe(200)
    const policy = page.headers.get('content-security-policy')
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-/)
    expect(policy).toContain("frame-ancestors 'none'")
    const html = await page.text()
    expect(html.match(/<button[^>]*>[^<]*/g)).toEqual(['<button autofocus>Continue as demo'])
    expect(html).not.toContain('<script')
    expect(html).toContain('<html lang="en">')
  })

  test('gives an access token for our API alone, and an ID token that says who it is', () => {
    expect(decodeProtectedHeader(tokens.access_token)).toMatchObject({
      alg: 'ES256',
      typ: 'at+jwt',
    })
    const claims = decodeJwt(tokens.access_token)
    expect(claims).toMatchObject({ iss: issuer, aud: 'urn:getcomplical:api', sub: 'demo' })
    expect(claims).not.toHaveProperty('role')
    expect(decodeJwt(tokens.id_token)).toMatchObject({
      ...{ iss: issuer, aud: 'dashboard', sub: 'demo', nonce: 'a-nonce' },
      ...{ name: 'Demo', email: 'demo@example.com' },
    })
  })

  test('lets the API know its tokens without a question over the network', async () => {
    expect((await asked(tokens.access_token)).data).toEqual({ account: { id: 'acc_demo' } })
  })

  test('asks nothing of who is signed in, and says so of who is not', async () => {
    const browser = openBrowser()
    const stranger = await authorize(browser, issuer, { prompt: 'none' })
    expect(stranger.location.searchParams.get('error')).toBe('login_required')
    await signInAsDemo(issuer, browser)
    const known = await authorize(browser, issuer, { prompt: 'none' })
    expect(known.location.searchParams.get('code')).toBeTruthy()
  })

  test('renews a token once for each refresh token; a second use ends them all', async () => {
    const first = await signInAsDemo(issuer)
    const renewed = (await (await refresh(issuer, first.refresh_token)).json()) as Tokens
    expect(renewed.refresh_token).not.toBe(first.refresh_token)
    expect((await asked(renewed.access_token)).status).toBe(200)
    const again = await refresh(issuer, first.refresh_token)
    expect(await again.json()).toMatchObject({ error: 'invalid_grant' })
    const stolen = await refresh(issuer, renewed.refresh_token)
    expect(await stolen.json()).toMatchObject({ error: 'invalid_grant' })
  })

  test('renews nothing twice where a refresh token comes twice at the same moment', async () => {
    const { refresh_token } = await signInAsDemo(issuer)
    const answers = await Promise.all([1, 2, 3, 4].map(() => refresh(issuer, refresh_token)))
    const given = (await Promise.all(answers.map((answer) => answer.json()))) as Partial<Tokens>[]
    expect(answers.filter(({ ok }) => ok).length).toBeLessThanOrEqual(1)
    for (const { refresh_token: next } of given) {
      if (next !== undefined) expect((await refresh(issuer, next)).status).toBe(400)
    }
  })

  test('gives nothing for a code with another verifier, nor for a code that was used', async () => {
    const browser = openBrowser()
    const pending = await authorize(browser, issuer)
    const back = await continueAsDemo(browser, pending.location)
    const wrong = await exchange(issuer, { ...pending, verifier: 'x'.repeat(43) }, back)
    expect(await wrong.json()).toMatchObject({ error: 'invalid_grant' })
    const { refresh_token } = (await (await exchange(issuer, pending, back)).json()) as Tokens
    const again = await exchange(issuer, pending, back)
    expect(await again.json()).toMatchObject({ error: 'invalid_grant' })
    // Whoever used it twice may have stolen it: what it gave is over.
    expect(await (await refresh(issuer, refresh_token)).json()).toMatchObject({
      error: 'invalid_grant',
    })
  })

  test.each([
    ['without PKCE', { code_challenge: '', code_challenge_method: '' }],
    ['back to another place', { redirect_uri: 'https://evil.example/dashboard/callback' }],
    ['as another client', { client_id: 'other' }],
    ['for a token in the address', { response_type: 'id_token' }],
  ])('refuses who asks %s', async (_, parameters) => {
    const asking = authorize(openBrowser(), issuer, parameters)
    const code = await asking.then(
      ({ location }) => location.searchParams.get('code'),
      () => null,
    )
    expect(code).toBeNull()
  })

  test('does not press the button for a page of somebody else: its cookie stays away', async () => {
    const { location } = await authorize(openBrowser(), issuer)
    const pressed = await openBrowser().post(location.href)
    expect(pressed.status).toBe(400)
    expect(await pressed.text()).toContain('Back to the dashboard')
  })

  test('ends the session, its refresh tokens too, and comes back to the dashboard', async () => {
    const browser = openBrowser()
    const { refresh_token } = await signInAsDemo(issuer, browser)
    const home = `${api.url}/dashboard/signed-out`
    const search = new URLSearchParams({ client_id: 'dashboard', post_logout_redirect_uri: home })
    const page = await browser.get(`${issuer}/session/end?${search}`, {
      'sec-fetch-site': 'same-origin',
    })
    const html = await page.text()
    expect(html).toContain('requestSubmit')
    const xsrf = /name="xsrf" value="(\w+)"/.exec(html)?.[1] ?? ''
    const ended = await browser.post(`${issuer}/session/end/confirm`, { xsrf, logout: 'yes' })
    expect(locationOf(ended, issuer).href).toBe(home)
    expect(await (await refresh(issuer, refresh_token)).json()).toMatchObject({
      error: 'invalid_grant',
    })
    const after = await authorize(browser, issuer, { prompt: 'none' })
    expect(after.location.searchParams.get('error')).toBe('login_required')
  })

  test('lets nothing but the one script of a page run, where oidc-provider wrote the page too', async () => {
    const home = `${api.url}/dashboard/signed-out`
    const search = new URLSearchParams({ client_id: 'dashboard', post_logout_redirect_uri: home })
    // Nobody is signed in, as after "Sign out" in another window.
    const page = await openBrowser().get(`${issuer}/session/end?${search}`)
    const [, script = ''] = /<script>(.*?)<\/script>/s.exec(await page.text()) ?? []
    const policy = page.headers.get('content-security-policy')
    expect(policy).toContain(`'sha256-${hash('sha256', script, 'base64')}'`)
    expect(policy).toMatch(/^default-src 'none'/)
    expect(policy).not.toContain('unsafe')
  })

  test('asks first where another site wants to sign somebody out', async () => {
    const browser = openBrowser()
    await signInAsDemo(issuer, browser)
    const page = await browser.get(`${issuer}/session/end?client_id=dashboard`, {
      'sec-fetch-site': 'cross-site',
    })
    const html = await page.text()
    expect(html).toContain('Sign out</button>')
    expect(html).not.toContain('<script')
  })

  test('keeps no token, code or session in the database that could be read there', async () => {
    const stored = JSON.stringify(await issuerRecords(api.db).find().toArray())
    expect(stored.length).toBeGreaterThan(1_000)
    expect(stored).not.toContain(tokens.refresh_token)
    expect(stored).not.toContain('"demo"')
  })
})

describe('a token is refused', () => {
  const claims = () => ({
    ...{ iss: issuer, aud: 'urn:getcomplical:api', sub: 'demo' },
    exp: Math.floor(Date.now() / 1_000) + 600,
  })

  /** By the issuer's own key, so that only the claims can be what is wrong. */
  async function signed(changes: Record<string, unknown>): Promise<string> {
    const kept = keptIssuer.read(api.environment.DATA_DIR ?? '')
    if (!kept) throw new Error('the issuer kept no key')
    const header = { alg: 'ES256', typ: 'at+jwt', kid: kept.signingKey.kid }
    return await new SignJWT({ ...claims(), ...changes })
      .setProtectedHeader(header)
      .sign(kept.signingKey)
  }

  test('by none of these checks when nothing is wrong with it', async () => {
    expect((await asked(await signed({}))).status).toBe(200)
  })

  test.each<[string, () => Promise<string>]>([
    ['of another issuer', () => signed({ iss: 'https://issuer.example' })],
    ['for another audience', () => signed({ aud: 'dashboard' })],
    ['without an audience', () => signed({ aud: undefined })],
    ['that has expired', () => signed({ exp: Math.floor(Date.now() / 1_000) - 1 })],
    ['without an end', () => signed({ exp: undefined })],
    ['that is an ID token', async () => tokens.id_token],
    ['that is a refresh token', async () => tokens.refresh_token],
    [
      'with alg none',
      async () => {
        const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
        return `${part({ alg: 'none', typ: 'at+jwt' })}.${part(claims())}.`
      },
    ],
    [
      'signed by another key that calls itself the same',
      async () => {
        const { kid = '' } = decodeProtectedHeader(tokens.access_token)
        const { privateKey } = await createSigningKey('ES256', kid)
        const header = { alg: 'ES256', typ: 'at+jwt', kid }
        return await new SignJWT(claims()).setProtectedHeader(header).sign(privateKey)
      },
    ],
  ])('%s', async (_, make) => {
    const answer = await asked(await make())
    expect([answer.status, answer.errors?.[0]?.extensions.code]).toEqual([401, 'UNAUTHENTICATED'])
  })
})

describe('nobody from elsewhere reaches the issuer', () => {
  const paths = ['/issuer/.well-known/openid-configuration', '/issuer/auth', '/issuer/token']

  test.each([
    ['X-Forwarded-For', { 'x-forwarded-for': '127.0.0.1' }],
    ['Forwarded', { forwarded: 'for=127.0.0.1' }],
    ['Via', { via: '1.1 proxy' }],
  ])('by a request that somebody forwarded: %s', async (_, headers) => {
    for (const path of paths) {
      const response = await fetch(`${api.url}${path}`, { headers })
      expect(response.status).toBe(403)
      expect(await response.json()).toMatchObject({ code: 'FORBIDDEN' })
    }
  })

  test('by another name of the host, as after DNS rebinding', async () => {
    for (const path of paths) {
      const status = await new Promise((resolve, reject) => {
        const headers = { host: 'rebound.example' }
        request(`${api.url}${path}`, { headers }, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
          .on('error', reject)
          .end()
      })
      expect(status).toBe(403)
    }
  })
})

describe('the admin claim', () => {
  test('is in the demo’s tokens with DEMO_ADMIN, and opens admin fields', async () => {
    const operator = await startTestApi({}, embedded({ demoAdmin: true, adminClaim }))
    try {
      const { access_token } = await signInAsDemo(`${operator.url}/issuer`)
      expect(decodeJwt(access_token)).toMatchObject({ role: 'admin', sub: 'demo' })
      const headers = { authorization: `Bearer ${access_token}` }
      const answer = await operator.ask('{ viewer { admin account { id } } }', { headers })
      expect(answer.data).toEqual({ viewer: { admin: true, account: null } })
    } finally {
      await operator.end()
    }
  })

  test('is not there without it', async () => {
    const headers = { authorization: `Bearer ${tokens.access_token}` }
    const answer = await api.ask('{ accounts { totalCount } }', { headers })
    expect(answer.errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  })
})

describe('there is no such issuer', () => {
  test.each([
    ['on servers that settings name', {}, {}],
    [
      'beside another one',
      { OIDC_ISSUER: 'http://127.0.0.1:1', OIDC_AUDIENCE: 'x' },
      { embedded: true },
    ],
  ])('%s', async (_, settings, changes) => {
    const other = await startTestApi(settings, changes)
    try {
      const response = await fetch(`${other.url}/issuer/.well-known/openid-configuration`)
      expect(response.status).toBe(404)
      const answer = await other.ask(question, {
        headers: { authorization: `Bearer ${tokens.access_token}` },
      })
      const { code } = answer.errors?.[0]?.extensions ?? {}
      expect(['UNAUTHENTICATED', 'UNAVAILABLE']).toContain(code)
    } finally {
      await other.end()
    }
  })
})
