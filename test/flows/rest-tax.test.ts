import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { readWorkerConfig } from '../../src/config.ts'
import { monthName } from '../../src/rules/calendar-time.ts'
import { usageCells } from '../../src/store/usage-cells.ts'
import { startWorkers, type WorkerProcess } from '../../src/worker.ts'
import { type Answer, dataOf, startTestApi, type TestApi } from '../api.ts'
import { silent } from '../asked.ts'
import { audience, startIssuer, type TestIssuer } from '../callers/issuer.ts'

const origin = 'https://app.example.com'

let issuer: TestIssuer
let api: TestApi
let workers: WorkerProcess
let key: { accountId: string; apiKeyId: string; secret: string }

beforeAll(async () => {
  issuer = await startIssuer()
  const oidc = { OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: audience }
  api = await startTestApi({ ...oidc, ALLOWED_ORIGINS: origin })
  const config = readWorkerConfig({ ...api.environment, METRICS_PORT: '0' })
  workers = await startWorkers(config, ['roll-up-usage'], silent)
  await workers.ready
  key = await api.seed()
})
afterAll(async () => {
  await workers.stop()
  await api.end()
  await issuer.close()
})

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(`${api.url}${path}`, { method, headers: { 'x-api-key': key.secret, ...headers } })

interface RestBody {
  data: Record<string, unknown>[]
  page: { next: string | null }
}

async function bodyOf(path: string): Promise<RestBody> {
  const response = await get(path)
  const body = (await response.json()) as RestBody
  expect([path, response.status, body]).toEqual([path, 200, expect.anything()])
  return body
}

/** A route, and the same asked in GraphQL. */
const pairs: readonly (readonly [path: string, field: string, query: string])[] = [
  [
    '/api/v1/tax-dates?country=DE&year=2026&region=DE-BY&category=VAT_GST&category=PAYROLL&first=500',
    'taxDates',
    '{ taxDates(country: DE, year: 2026, region: "DE-BY", categories: [VAT_GST, PAYROLL], first: 500) { edges { node { id dueDate statutoryDate payBy shiftedBy provisional movedBy { kind name calendar } obligation { id category taxpayerKinds sources { name url readOn } } } } } }',
  ],
  [
    '/api/v1/upcoming-tax-dates?country=IE&country=AU&days=40&region=AU-NSW&taxpayer=EMPLOYER',
    'upcomingTaxDates',
    '{ upcomingTaxDates(countries: [AU, IE], days: 40, regions: ["AU-NSW"], taxpayers: [EMPLOYER]) { edges { node { id dueDate region } } } }',
  ],
  [
    '/api/v1/obligations?country=US&action=PAY&taxpayer=COMPANY',
    'obligations',
    '{ obligations(country: US, actions: [PAY], taxpayers: [COMPANY]) { id rule event region evidence } }',
  ],
  ['/api/v1/countries', 'countries', '{ countries { code name } }'],
  [
    '/api/v1/tax-date-changes?country=US&country=AU&first=20',
    'taxDateChanges',
    '{ taxDateChanges(countries: [US, AU], first: 20) { edges { node { id country effect dueDate reason enteredAt source { url } } } } }',
  ],
  [
    '/api/v1/due-date?obligation=au-payday-super&eventDate=2026-12-22',
    'dueDateFor',
    '{ dueDateFor(obligationId: "au-payday-super", eventDate: "2026-12-22") { dueDate statutoryDate movedBy { name } variants { when dueDate } } }',
  ],
]

function nodesOf(answer: Answer, field: string): unknown {
  const data = dataOf<object>(answer, field)
  return 'edges' in data ? (data.edges as { node: object }[]).map(({ node }) => node) : data
}

describe('a REST answer', () => {
  test.each(pairs)('%s is that of the same query', async (path, field, query) => {
    const { data } = await bodyOf(path)
    const nodes = nodesOf(await api.ask(query, { key: key.secret }), field)
    expect([nodes].flat().length).toBeGreaterThan(0)
    expect(data).toMatchObject(nodes as object)
    expect([data].flat()).toHaveLength([nodes].flat().length)
  })

  test('comes page by page, as one large page does', async () => {
    for (const search of [
      '/api/v1/tax-dates?country=GB&year=2026&yearEndMonth=3',
      '/api/v1/upcoming-tax-dates?country=AU&country=GB&country=IE&days=100',
      '/api/v1/tax-date-changes?',
    ]) {
      const whole = await bodyOf(`${search}&first=500`)
      expect(whole.page).toEqual({ next: null })
      const ids: unknown[] = []
      for (let after: string | null = ''; after !== null; ) {
        const { data, page } = await bodyOf(`${search}&first=20${after && `&after=${after}`}`)
        ids.push(...data.map(({ id }) => id))
        after = page.next
      }
      expect(ids).toEqual(whole.data.map(({ id }) => id))
      expect(ids.length).toBeGreaterThan(20)
    }
  })

  test('costs one unit, counted under the name of its route; a refused parameter costs none', async () => {
    const payer = await api.seed()
    const paid = { 'x-api-key': payer.secret }
    const paths = pairs.map(([path]) => path)
    for (const path of paths) {
      expect((await get(path, paid)).status).toBe(200)
      expect((await get(`${path}&nothing=1`.replace('ies&', 'ies?'), paid)).status).toBe(400)
    }
    expect((await get(paths[0] ?? '', paid, 'HEAD')).status).toBe(200)
    const _id = `${payer.apiKeyId}:${monthName(Date.now())}`
    const named = paths.map((path) => `GET ${path.split('?')[0]}`)
    const counted = named.map((endpoint, at) => [endpoint, at === 0 ? 2 : 1])
    await vi.waitFor(
      async () => {
        const month = await usageCells(api.db).months.findOne({ _id })
        expect(month?.total).toBe(paths.length + 1)
        expect(month?.endpoints).toMatchObject(Object.fromEntries(counted))
      },
      { timeout: 10_000 },
    )
  })

  test('is paid by the key that a bearer token names', async () => {
    const account = await api.db.collection('accounts').findOne({ _id: key.accountId as never })
    const authorization = `Bearer ${await issuer.token({ sub: account?.userId })}`
    const path = `${api.url}/api/v1/countries`
    const named = (id: string) =>
      fetch(path, { headers: { authorization, 'x-api-key-id': id } }).then(({ status }) => status)
    expect(await named(key.apiKeyId)).toBe(200)
    expect(await named('key_of_nobody')).toBe(404)
    expect((await fetch(path, { headers: { authorization } })).status).toBe(403)
  })
})

describe('over HTTP', () => {
  test('an answer is for its key alone, whatever stands between', async () => {
    const answer = await get('/api/v1/countries', { origin })
    expect(answer.headers.get('cache-control')).toBe('private, no-store')
    expect(answer.headers.get('vary')).toBe('Origin, Authorization, X-Api-Key, X-Api-Key-Id')
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
  })

  test('HEAD sends the headers of GET and no body', async () => {
    const path = '/api/v1/tax-dates?country=NZ&year=2026'
    const head = await get(path, {}, 'HEAD')
    const answer = await get(path)
    const length = answer.headers.get('content-length')
    expect([head.status, head.headers.get('content-length')]).toEqual([200, length])
    expect([await head.text(), (await answer.text()).length > 0]).toEqual(['', true])
  })

  test.each(['/api/v1', '/api/v1/', '/api/v1/countries/', '/api/v2/countries'])(
    '%s is nothing',
    async (path) => {
      expect((await get(path)).status).toBe(404)
    },
  )

  test('a refusal of the field itself speaks of the parameter and of paths', async () => {
    const detail = async (path: string) => ((await (await get(path)).json()) as Problem).detail
    const dates = '/api/v1/tax-dates?country=AU&year=2026'
    expect(await detail(`${dates}&obligation=x`)).toMatch(/^obligation: x /)
    expect(await detail(`${dates}&periodEndMonth=13`)).toMatch(/^periodEndMonth: 13 /)
    const event = '/api/v1/due-date?eventDate=2026-07-15&obligation=au-sg-q'
    expect(await detail(event)).toBe(
      'obligation: au-sg-q has dates of its own: ask /api/v1/tax-dates',
    )
  })

  test('the start page leads to the description', async () => {
    expect(await (await fetch(api.url)).text()).toContain('href="/api/v1/openapi.json"')
  })
})

interface Problem {
  detail: string
}
