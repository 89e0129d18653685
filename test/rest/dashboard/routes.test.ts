import { randomBytes } from 'node:crypto'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, expect, test } from 'vitest'
import { dashboardRoutes } from '../../../src/rest/dashboard/routes.ts'
import type { RestAnswer } from '../../../src/rest/problem.ts'
import { createRouter, type RestRequest } from '../../../src/rest/router.ts'
import type { DashboardManifest } from '../../../src/rules/dashboard/manifest.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const config = {
  ...{ issuer: null, clientId: null, scopes: 'openid', audience: null, demo: false },
  ...{ selfSignup: false, production: false, version: '1.2.3' },
}

/** A build as the script leaves it, with these files. */
function plant(folder: string, files: DashboardManifest['files']): void {
  writeFileSync(join(folder, 'index.html'), '<p nonce="__CSP_NONCE__">__CSP_NONCE__')
  for (const path of Object.keys(files)) writeFileSync(join(folder, path), path)
  writeFileSync(join(folder, 'next.json'), JSON.stringify({ sources: 'x', files }))
  renameSync(join(folder, 'next.json'), join(folder, 'manifest.json'))
}

function setUp() {
  const folder = mkdtempSync(join(tmpdir(), 'getcomplical-dist-'))
  folders.push(folder)
  const options = { folder, config, issuerOrigins: () => [], random: randomBytes }
  const router = createRouter(dashboardRoutes(options), pino({ level: 'silent' }))
  const get = (path: string): Promise<RestAnswer> => {
    const match = router.match('GET', path)
    const params = match && 'params' in match ? match.params : {}
    const request = { params, requestId: 'test', header: () => undefined }
    return router.answer(match, request as unknown as RestRequest)
  }
  return { folder, get }
}

test('a missing build is a page that says how to make one, and is found as soon as it is there', async () => {
  const { folder, get } = setUp()
  const missing = await get('/dashboard/')
  expect(missing.status).toBe(503)
  expect(missing.headers).toMatchObject({ 'Retry-After': '5', 'Cache-Control': 'no-store' })
  expect(missing.body).toContain('npm run build')
  plant(folder, { 'a.txt': { type: 'text/plain', hash: 'h', compressed: false } })
  expect((await get('/dashboard/')).status).toBe(200)
  expect(String((await get('/dashboard/a.txt')).body)).toBe('a.txt')
})

test('a build that takes the place of another is served from then on', async () => {
  const { folder, get } = setUp()
  plant(folder, { 'old.txt': { type: 'text/plain', hash: 'h', compressed: false } })
  expect((await get('/dashboard/old.txt')).status).toBe(200)
  plant(folder, { 'new.txt': { type: 'text/plain', hash: 'h', compressed: false } })
  expect((await get('/dashboard/new.txt')).status).toBe(200)
  expect((await get('/dashboard/old.txt')).status).toBe(404)
})

test('each answer with the page has a nonce of its own, in the page and in its policy', async () => {
  const { folder, get } = setUp()
  plant(folder, {})
  const nonces = await Promise.all(
    [1, 2, 3].map(async () => {
      const { body, headers } = await get('/dashboard/keys/anything')
      const [, nonce] = /^<p nonce="([^"]{24})">\1$/.exec(String(body)) ?? []
      expect(headers?.['Content-Security-Policy']).toContain(`'nonce-${nonce}'`)
      return nonce
    }),
  )
  expect(new Set(nonces).size).toBe(3)
})

test('a page for a frame has the looser policy, and may be framed by us', async () => {
  const { folder, get } = setUp()
  plant(folder, { 'frame.html': { type: 'text/html', hash: 'h', compressed: false } })
  expect((await get('/dashboard/frame.html')).headers).toMatchObject({
    'Content-Security-Policy': expect.stringContaining("style-src 'self' 'unsafe-inline'"),
    'X-Frame-Options': 'SAMEORIGIN',
  })
})

test('the settings are told to whoever asks, and kept by nobody', async () => {
  const { get } = setUp()
  expect(await get('/dashboard/config.json')).toEqual({
    status: 200,
    headers: { 'Cache-Control': 'no-store' },
    body: config,
  })
})
