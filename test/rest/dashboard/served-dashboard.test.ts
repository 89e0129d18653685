import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dashboardManifest } from '../../../src/rules/dashboard/manifest.ts'
import { startTestApi, type TestApi } from '../../api.ts'

/** The very build that `npm start` makes, over a real port. */
const dist = join(import.meta.dirname, '../../../dashboard/dist')
const { files } = dashboardManifest.parse(
  JSON.parse(readFileSync(join(dist, 'manifest.json'), 'utf8')),
)
const script = Object.keys(files).find((path) => /^assets\/index-.*\.js$/.test(path)) ?? ''

let api: TestApi
beforeAll(async () => {
  api = await startTestApi({ OIDC_ISSUER: 'https://issuer.example', OIDC_AUDIENCE: 'api' })
})
afterAll(() => api.end())

interface Raw {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
}

/** What `fetch` would tidy up is sent as it is. */
function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(api.url)
    const sent = request({ hostname, port, path, headers, method }, async (response) => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk as Buffer)
      const { statusCode = 0, headers: received } = response
      resolve({ status: statusCode, headers: received, body: Buffer.concat(chunks) })
    })
    sent.on('error', reject)
    sent.end()
  })
}

describe('the page', () => {
  test.each(['', 'keys', 'alerts/alert_1', 'callback?code=x&state=y', 'index.html'])(
    'is the answer for /dashboard/%s, with its policy and never out of a cache',
    async (path) => {
      const { status, headers, body } = await get(`/dashboard/${path}`)
      expect(status).toBe(200)
      const [, nonce] = /nonce="([^"]+)"/.exec(body.toString()) ?? []
      expect(headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-cache',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'content-security-policy':
          `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; ` +
          "connect-src 'self' https://issuer.example; img-src 'self' data:; font-src 'self'; " +
          "frame-src 'self'; base-uri 'none'; form-action 'self' https://issuer.example; " +
          "frame-ancestors 'none'",
      })
      expect(headers).not.toHaveProperty('etag')
      expect(body.toString()).not.toContain('__CSP_NONCE__')
    },
  )

  test('has another nonce each time', async () => {
    const nonces = new Set<string>()
    for (let time = 0; time < 3; time++) {
      const { body } = await get('/dashboard/')
      nonces.add(/nonce="([^"]+)"/.exec(body.toString())?.[1] ?? '')
    }
    expect(nonces.size).toBe(3)
  })

  test('holds no script and no style of its own', async () => {
    const html = (await get('/dashboard/')).body.toString()
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|style=|\son\w+=/)
    expect(html).not.toMatch(/(src|href)="https?:/)
  })

  test('is one redirect away from /dashboard, and linked from the start page', async () => {
    const { status, headers } = await get('/dashboard')
    expect([status, headers.location]).toEqual([308, '/dashboard/'])
    expect((await get('/')).body.toString()).toContain('href="/dashboard/"')
  })

  test('answers HEAD with the same headers and no body, POST with 405', async () => {
    const head = await get('/dashboard/', {}, 'HEAD')
    expect([head.status, head.body.length]).toEqual([200, 0])
    expect(Number(head.headers['content-length'])).toBeGreaterThan(500)
    const post = await get('/dashboard/', {}, 'POST')
    expect([post.status, post.headers.allow]).toEqual([405, 'GET'])
  })
})

describe('an asset', () => {
  test('is kept for ever, and the same in each encoding', async () => {
    const plain = await get(`/dashboard/${script}`)
    expect(plain.status).toBe(200)
    expect(plain.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
      'content-length': String(plain.body.length),
    })
    expect(plain.headers).not.toHaveProperty('content-encoding')
    for (const [name, open] of [
      ['br', brotliDecompressSync],
      ['gzip', gunzipSync],
    ] as const) {
      const packed = await get(`/dashboard/${script}`, { 'accept-encoding': name })
      expect(packed.headers['content-encoding']).toBe(name)
      expect(packed.headers.vary).toContain('Accept-Encoding')
      expect(packed.headers.etag).not.toBe(plain.headers.etag)
      expect(packed.body.length).toBeLessThan(plain.body.length / 2)
      expect(open(packed.body).equals(plain.body)).toBe(true)
    }
  })

  test('is not sent again to who has it, and HEAD sends none of it', async () => {
    const accepts = { 'accept-encoding': 'br' }
    const first = await get(`/dashboard/${script}`, accepts)
    const known = { ...accepts, 'if-none-match': String(first.headers.etag) }
    const again = await get(`/dashboard/${script}`, known)
    expect([again.status, again.body.length]).toEqual([304, 0])
    expect(again.headers['cache-control']).toContain('immutable')
    const head = await get(`/dashboard/${script}`, accepts, 'HEAD')
    expect([head.status, head.body.length]).toEqual([200, 0])
    expect(head.headers['content-length']).toBe(String(first.body.length))
  })

  test('that does not exist is 404 and not the page', async () => {
    for (const path of [
      'assets/index-none.js',
      'assets/',
      'assets',
      'favicon.ico',
      'usage/none',
      `${script}.br`,
      'manifest.json',
    ]) {
      const { status, headers } = await get(`/dashboard/${path}`)
      expect([path, status]).toEqual([path, 404])
      expect(headers['content-type']).toContain('application/problem+json')
    }
  })
})

test.each([
  '/dashboard/../package.json',
  '/dashboard/../../etc/passwd',
  '/dashboard/assets/../../../package.json',
  '/dashboard/%2e%2e/package.json',
  '/dashboard/..%2fpackage.json',
  '/dashboard/assets/%2e%2e%2f%2e%2e%2fpackage.json',
  '/dashboard/..\\package.json',
  '/dashboard//etc/passwd.txt',
  '/dashboard/assets/index.js%00.txt',
  '/dashboard/__proto__.js',
  '/dashboard/file:///etc/passwd.txt',
])('nothing outside the build is reached by %s', async (path) => {
  const { status, body } = await get(path)
  expect(status).toBe(404)
  expect(body.toString()).not.toMatch(/root:|devDependencies/)
})

test('the routes about usage stand as before', async () => {
  const { status, body } = await get('/dashboard/usage/monthly')
  expect([status, JSON.parse(body.toString()).code]).toEqual([401, 'UNAUTHENTICATED'])
})

test('the app hears whom to sign in with', async () => {
  const { headers, body } = await get('/dashboard/config.json')
  expect(headers['cache-control']).toBe('no-store')
  expect(JSON.parse(body.toString())).toEqual({
    ...{ issuer: 'https://issuer.example', clientId: null, audience: 'api', demo: false },
    ...{ scopes: 'openid profile email offline_access', selfSignup: false, production: false },
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
  })
})
