import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { freePort } from '../../src/embedded/free-port.ts'
import { type ApiProcess, startApiProcess } from '../api-process.ts'
import { startMongod, startRedis, type TestServer } from '../servers.ts'

let redis: TestServer
let mongod: TestServer
const started: ApiProcess[] = []

beforeAll(async () => {
  ;[redis, mongod] = await Promise.all([startRedis(), startMongod()])
})
afterEach(() => {
  for (const process_ of started.splice(0)) process_.remove()
})
afterAll(() => Promise.all([redis.stop(), mongod.stop()]))

async function start(settings: Record<string, string> = {}): Promise<ApiProcess> {
  const servers = { REDIS_URL: redis.url, MONGODB_URI: mongod.url }
  const process_ = await startApiProcess({ ...servers, ...settings })
  started.push(process_)
  return process_
}

const status = async (url: string) => (await fetch(url)).status
const becomes = (url: string, expected: number) =>
  vi.waitFor(async () => expect(await status(url)).toBe(expected), {
    timeout: 20_000,
    interval: 50,
  })

describe('one API process', () => {
  test('is alive but not ready while MongoDB is late, and serves once it comes', async () => {
    await mongod.kill('SIGKILL')
    const api = await start()
    await becomes(`${api.url}/livez`, 200)
    expect(await status(`${api.url}/readyz`)).toBe(503)
    const refused = await fetch(`${api.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"{ __typename }"}',
    })
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await refused.json()).toMatchObject({
      errors: [{ extensions: { code: 'UNAVAILABLE' } }],
    })
    expect(await status(`${api.url}/api/v1/tax-dates`)).toBe(503)
    await mongod.start()
    await becomes(`${api.url}/readyz`, 200)
  })

  test('starts while Redis is away', async () => {
    const api = await start({ REDIS_URL: `redis://127.0.0.1:${await freePort()}` })
    await becomes(`${api.url}/readyz`, 200)
  })

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'ends in order on %s, a second one changes nothing',
    async (signal) => {
      const api = await start()
      await becomes(`${api.url}/readyz`, 200)
      api.child.kill(signal)
      api.child.kill(signal)
      expect(await api.exit).toBe(0)
    },
  )

  test('ends in order when its supervisor is gone', async () => {
    const api = await start()
    await becomes(`${api.url}/readyz`, 200)
    api.child.disconnect()
    expect(await api.exit).toBe(0)
  })

  test('ends in order while it still waits for MongoDB', async () => {
    const away = `mongodb://127.0.0.1:${await freePort()}/x?replicaSet=rs0`
    const api = await start({ MONGODB_URI: away })
    await becomes(`${api.url}/livez`, 200)
    api.child.kill('SIGTERM')
    expect(await api.exit).toBe(0)
  })

  test('says all that is wrong with its settings in one message, and does not start', async () => {
    const api = await start({ PORT: 'many', REDIS_URL: 'http://x' })
    expect(await api.exit).toBe(1)
    expect(api.log()).toContain('PORT')
    expect(api.log()).toContain('REDIS_URL')
  })

  test('exits 1 when its port is taken', async () => {
    const first = await start()
    await becomes(`${first.url}/readyz`, 200)
    const second = await start({ PORT: new URL(first.url).port })
    expect(await second.exit).toBe(1)
    expect(second.log()).toContain('EADDRINUSE')
  })

  test('writes a line a request, without query, key or token in the path', async () => {
    const api = await start()
    await becomes(`${api.url}/readyz`, 200)
    const secret = `gc_live_${'a1B2c3'.repeat(6)}`
    await fetch(`${api.url}/api/v1/tax-dates?country=AU&note=planted1`, {
      headers: { 'x-api-key': secret },
    })
    await fetch(`${api.url}/calendar/planted2.ics`)
    await fetch(`${api.url}/${secret}`)
    await fetch(`${api.url}/graphql?query={planted3}&key=${secret}`)
    api.child.kill('SIGTERM')
    await api.exit
    const lines = api
      .log()
      .split('\n')
      .filter((line) => line.includes('"answered"'))
      .map(
        (line) =>
          JSON.parse(line) as { path: string; status: number; ms: number; requestId: string },
      )
    const paths = lines.map(({ path }) => path)
    expect(paths).toEqual(
      expect.arrayContaining(['/api/v1/tax-dates', '/calendar/:file', '/…', '/graphql']),
    )
    for (const { ms, requestId } of lines) {
      expect(ms).toBeGreaterThanOrEqual(0)
      expect(requestId).toMatch(/^[0-9a-f-]{36}$/)
    }
    expect(api.log()).not.toMatch(/planted|gc_live_/)
  })

  test('in production hides the schema, demands HTTPS of later visits, and answers loopback', async () => {
    const api = await start({ NODE_ENV: 'production' })
    await becomes(`${api.url}/readyz`, 200)
    const response = await fetch(`${api.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"{ __schema { description } }"}',
    })
    expect(response.headers.get('strict-transport-security')).toMatch(/^max-age=\d{8}/)
    expect(await response.json()).toMatchObject({
      errors: [{ extensions: { code: 'BAD_USER_INPUT' } }],
    })
    const forwarded = await fetch(`${api.url}/livez`, { headers: { 'x-forwarded-for': '1.2.3.4' } })
    expect(forwarded.status).toBe(403)
  })

  test('believes the forwarded headers of the proxies it is told of', async () => {
    const api = await start({ NODE_ENV: 'production', TRUST_PROXY: '127.0.0.0/8' })
    await becomes(`${api.url}/readyz`, 200)
    const headers = { 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'https' }
    expect((await fetch(`${api.url}/livez`, { headers })).status).toBe(200)
    expect((await fetch(`${api.url}/metrics`, { headers })).status).toBe(403)
  })
})
