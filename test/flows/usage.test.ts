import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { readWorkerConfig } from '../../src/config.ts'
import { DAY, dayName, monthName } from '../../src/rules/calendar-time.ts'
import { accounts } from '../../src/store/accounts.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { usageCells } from '../../src/store/usage-cells.ts'
import { startWorkers, type WorkerProcess } from '../../src/worker.ts'
import { startTestApi, type TestApi } from '../api.ts'
import { silent } from '../asked.ts'
import { audience, startIssuer, type TestIssuer } from '../callers/issuer.ts'
import { listenOverSse, listenOverWebSocket } from '../live-usage.ts'

let issuer: TestIssuer
let api: TestApi
let workers: WorkerProcess
let key: { accountId: string; apiKeyId: string; secret: string }
let foreign: typeof key
let bearer: Record<string, string>

beforeAll(async () => {
  issuer = await startIssuer()
  api = await startTestApi({ OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: audience })
  const config = readWorkerConfig({ ...api.environment, METRICS_PORT: '0' })
  workers = await startWorkers(config, ['roll-up-usage', 'aggregate-days'], silent)
  await workers.ready
  ;[key, foreign] = [await api.seed(), await api.seed()]
  const account = await accounts(api.db).findOne({ _id: key.accountId })
  bearer = { authorization: `Bearer ${await issuer.token({ sub: account?.userId })}` }
})
afterAll(async () => {
  await workers.stop()
  await api.end()
  await issuer.close()
})

async function call(times = 1): Promise<void> {
  for (let time = 0; time < times; time++) {
    const { errors } = await api.ask('{ countries { code } }', { key: key.secret })
    expect(errors).toBeUndefined()
  }
}

async function monthTotal(): Promise<number> {
  const _id = `${key.apiKeyId}:${monthName(Date.now())}`
  return (await usageCells(api.db).months.findOne({ _id }))?.total ?? 0
}

describe('from a call to what its owner sees', () => {
  test('usage moves live over SSE and WebSocket, to the key and to its owner, and ends where queries are', async () => {
    const before = await monthTotal()
    const listeners = [
      listenOverSse(api.url, { 'x-api-key': key.secret }),
      listenOverSse(api.url, bearer),
      listenOverWebSocket(api.url, { apiKey: key.secret }),
      listenOverWebSocket(api.url, bearer),
    ]
    await vi.waitFor(() => {
      for (const { states } of listeners) expect(states[0]?.monthRequests).toBe(before)
    })
    await call(30)
    const began = performance.now()
    await vi.waitFor(
      () => {
        for (const { states } of listeners) expect(states.at(-1)?.monthRequests).toBe(before + 30)
      },
      { timeout: 10_000 },
    )
    expect(performance.now() - began).toBeLessThan(2_000)
    for (const { states, leave } of listeners) {
      const totals = states.map(({ monthRequests }) => monthRequests)
      expect(totals).toEqual([...new Set(totals)].sort((a, b) => a - b))
      expect(states.at(-1)).toMatchObject({ apiKeyId: key.apiKeyId, remaining: 99_970 - before })
      await leave()
    }
    const { data } = await api.ask('{ monthlyUsage { totalRequests } }', { key: key.secret })
    expect(data?.monthlyUsage).toEqual({ totalRequests: before + 30 })
    const gauge = async () => (await fetch(`${api.url}/metrics`)).text()
    await vi.waitFor(async () => expect(await gauge()).toMatch(/live_subscribers(\{.*\})? 0/))
  })

  test('a subscription outlives Redis: calls go on, and are seen once it is back', async () => {
    const before = await monthTotal()
    const listener = listenOverWebSocket(api.url, { apiKey: key.secret })
    await vi.waitFor(() => expect(listener.states[0]?.monthRequests).toBe(before))
    await api.redis.kill('SIGKILL')
    await call(5)
    await api.redis.start()
    await call(5)
    await vi.waitFor(() => expect(listener.states.at(-1)?.monthRequests).toBe(before + 10), {
      timeout: 20_000,
    })
    const totals = listener.states.map(({ monthRequests }) => monthRequests)
    expect(totals).toEqual([...totals].sort((a, b) => a - b))
    await listener.leave()
  })

  test('asking for usage costs nothing', async () => {
    const before = await monthTotal()
    await api.ask('{ monthlyUsage { totalRequests } realtimeUsage { hour } }', { key: key.secret })
    await call(1)
    await vi.waitFor(async () => expect(await monthTotal()).toBe(before + 1), { timeout: 10_000 })
  })
})

describe('/dashboard/usage', () => {
  const get = (path: string, headers: Record<string, string> = bearer) =>
    fetch(`${api.url}/dashboard/usage${path}`, { headers })
  const today = dayName(Date.now())
  const range = `startDate=${today}&endDate=${today}`

  test('answers as the queries do', async () => {
    const before = await monthTotal()
    await call(2)
    await vi.waitFor(async () => expect(await monthTotal()).toBe(before + 2), { timeout: 10_000 })
    const monthly = await get('/monthly')
    expect(monthly.status).toBe(200)
    const asked = await api.ask(
      '{ monthlyUsage { totalRequests averagePerDay endpoints { endpoint totalRequests } } }',
      { headers: bearer },
    )
    expect(await monthly.json()).toMatchObject({ data: asked.data })
    expect(await (await get('/realtime')).json()).toMatchObject({
      data: {
        realtimeUsage: expect.arrayContaining([
          expect.objectContaining({ totalRequests: expect.any(Number) }),
        ]),
      },
    })
    const empty = await get('/monthly?month=2025-01')
    expect(await empty.json()).toMatchObject({
      data: { monthlyUsage: { month: '2025-01', totalRequests: 0 } },
    })
  })

  test('takes a key by its id or by its prefix', async () => {
    const doc = await apiKeys(api.db).findOne({ _id: key.apiKeyId })
    const byId = await (await get(`/daily?apiKey=${key.apiKeyId}&${range}`)).json()
    const byPrefix = await (await get(`/daily?apiKey=${doc?.prefix}&${range}`)).json()
    expect(byPrefix).toEqual(byId)
    expect(byId).toMatchObject({ data: { dailyUsage: [{ date: today }] } })
  })

  test.each([
    ['no token', '/monthly', {}, 401, 'UNAUTHENTICATED'],
    ['an API key', '/monthly', () => ({ 'x-api-key': key.secret }), 403, 'FORBIDDEN'],
    ['the admin key', '/monthly', () => ({ 'x-api-key': api.adminApiKey }), 403, 'FORBIDDEN'],
    ['a wrong month', '/monthly?month=2025-13', null, 400, 'BAD_USER_INPUT'],
    ['a month twice', '/monthly?month=2025-01&month=2025-02', null, 400, 'BAD_USER_INPUT'],
    ['an unknown parameter', '/monthly?months=2025-01', null, 400, 'BAD_USER_INPUT'],
    ['a missing end', '/daily?startDate=2025-01-01', null, 400, 'BAD_USER_INPUT'],
    ['93 days', '/daily?startDate=2025-01-01&endDate=2025-04-03', null, 400, 'BAD_USER_INPUT'],
    ['a strange key', () => `/realtime?apiKey=${foreign.apiKeyId}`, null, 404, 'NOT_FOUND'],
    ['a strange prefix', '/realtime?apiKey=gc_live_zzzz', null, 404, 'NOT_FOUND'],
  ])('refuses %s with a problem', async (_name, path, headers, status, code) => {
    const asked = typeof path === 'function' ? path() : path
    const sent = typeof headers === 'function' ? headers() : (headers ?? bearer)
    const response = await get(asked, sent)
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toContain('application/problem+json')
    expect(await response.json()).toMatchObject({ code, requestId: expect.any(String) })
  })
})

describe('POST /admin/trigger-aggregation', () => {
  const trigger = (
    search = '',
    headers: Record<string, string> = { 'x-api-key': api.adminApiKey },
  ) => fetch(`${api.url}/admin/trigger-aggregation${search}`, { method: 'POST', headers })

  test('closes today as far as it goes and says what was done', async () => {
    await call(1)
    const total = await vi.waitFor(async () => {
      const { data } = await api.ask('{ realtimeUsage { totalRequests } }', { key: key.secret })
      const rows = data?.realtimeUsage as { totalRequests: number }[]
      expect(rows.at(-1)?.totalRequests).toBeGreaterThan(0)
      return await monthTotal()
    })
    const response = await trigger(`?date=${dayName(Date.now())}`)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      ...{ keys: 1, accounts: 1, hoursProved: true, daysProved: true },
      differences: [],
    })
    expect(await usageCells(api.db).months.findOne({})).toMatchObject({
      peakDay: { total: expect.any(Number) },
    })
    expect(total).toBeGreaterThan(0)
  })

  test('closes yesterday when no day is named', async () => {
    const response = await trigger()
    expect(await response.json()).toMatchObject({ date: dayName(Date.now() - DAY) })
  })

  test.each([
    ['tomorrow', () => `?date=${dayName(Date.now() + DAY)}`],
    ['what is no date', () => '?date=2025-02-30'],
    ['two dates', () => '?date=2025-02-01&date=2025-02-02'],
    ['an unknown parameter', () => '?day=2025-02-01'],
    ['an empty date', () => '?date='],
  ])('refuses %s with 400', async (_name, search) => {
    const response = await trigger(search())
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'BAD_USER_INPUT' })
  })

  test('is for the admin key alone', async () => {
    expect((await trigger('', {})).status).toBe(401)
    expect((await trigger('', { 'x-api-key': key.secret })).status).toBe(403)
    expect((await trigger('', bearer)).status).toBe(403)
    const get = await fetch(`${api.url}/admin/trigger-aggregation`)
    expect(get.status).toBe(405)
  })
})
