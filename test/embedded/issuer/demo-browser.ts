import { createHash, randomBytes } from 'node:crypto'

/** What a browser does, by plain HTTP: keeps cookies, follows no redirect by itself. */
export interface Browser {
  get(url: string, headers?: Record<string, string>): Promise<Response>
  post(
    url: string,
    form?: Record<string, string>,
    headers?: Record<string, string>,
  ): Promise<Response>
}

export function openBrowser(): Browser {
  const cookies = new Map<string, { value: string; path: string }>()

  async function send(url: string, init: RequestInit): Promise<Response> {
    const { pathname } = new URL(url)
    const cookie = [...cookies]
      .filter(([, { path }]) => pathname.startsWith(path))
      .map(([name, { value }]) => `${name}=${value}`)
    const headers = { ...init.headers, ...(cookie.length > 0 && { cookie: cookie.join('; ') }) }
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      const path = /path=([^;]+)/i.exec(line)?.[1] ?? '/'
      if (value === '') cookies.delete(name)
      else cookies.set(name, { value, path })
    }
    return response
  }

  return {
    get: (url, headers = {}) => send(url, { headers }),
    post: (url, form = {}, headers = {}) =>
      send(url, { method: 'POST', headers, body: new URLSearchParams(form) }),
  }
}

export interface Tokens {
  access_token: string
  id_token: string
  refresh_token: string
  token_type: string
  expires_in: number
}

export interface Pending {
  verifier: string
  redirectUri: string
  /** Where the issuer sent the browser. */
  location: URL
}

/** Asks for a code with PKCE; the issuer answers with its page, or at once with a code. */
export async function authorize(
  browser: Browser,
  issuer: string,
  parameters: Record<string, string> = {},
): Promise<Pending> {
  const verifier = randomBytes(32).toString('base64url')
  const redirectUri = `${new URL(issuer).origin}/dashboard/callback`
  const search = new URLSearchParams({
    ...{ client_id: 'dashboard', response_type: 'code', redirect_uri: redirectUri },
    ...{ scope: 'openid profile email', state: 'a-state', nonce: 'a-nonce' },
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...parameters,
  })
  const response = await browser.get(`${issuer}/auth?${search}`)
  return { verifier, redirectUri, location: locationOf(response, issuer) }
}

/** Presses the button and comes back with the code's address. */
export async function continueAsDemo(browser: Browser, page: URL): Promise<URL> {
  const pressed = await browser.post(page.href)
  const resumed = await browser.get(locationOf(pressed, page.href).href)
  return locationOf(resumed, page.href)
}

export async function exchange(
  issuer: string,
  pending: Omit<Pending, 'location'>,
  back: URL,
): Promise<Response> {
  return await fetch(`${issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      ...{ client_id: 'dashboard', grant_type: 'authorization_code' },
      code: back.searchParams.get('code') ?? '',
      redirect_uri: pending.redirectUri,
      code_verifier: pending.verifier,
    }),
  })
}

export async function refresh(issuer: string, refreshToken: string): Promise<Response> {
  return await fetch(`${issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      ...{ client_id: 'dashboard', grant_type: 'refresh_token' },
      refresh_token: refreshToken,
    }),
  })
}

/** All of it: tokens of the demo. */
export async function signInAsDemo(issuer: string, browser = openBrowser()): Promise<Tokens> {
  const pending = await authorize(browser, issuer)
  const back = await continueAsDemo(browser, pending.location)
  return (await (await exchange(issuer, pending, back)).json()) as Tokens
}

export function locationOf(response: Response, base: string): URL {
  const location = response.headers.get('location')
  if (location === null) throw new Error(`no redirect but ${response.status}`)
  return new URL(location, base)
}
