import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createProviders } from '../../src/outgoing/providers.ts'
import { createEncryption } from '../../src/store/encryption.ts'
import { type ChargeReport, chargeReport } from '../../src/workers/charge-usage/charge-report.ts'
import { ask, contextOf, plantKey } from '../asked.ts'
import { codeOf } from '../resolvers/two-accounts.ts'
import { testDatabase } from '../servers.ts'
import { type ChargeWorld, chargeKey, chargePlans, chargeWorld } from '../workers/charge-world.ts'

let world: ChargeWorld
beforeAll(async () => {
  world = await chargeWorld(await testDatabase())
})
afterAll(() => world.end())
beforeEach(async () => {
  await world.reset()
  await world.calls('2026-11-08', 1_100)
  await world.close('2026-11-08')
  await world.charge()
  await world.calls('2026-11-08', 5)
  await world.calls('2026-11-09', 40)
  await world.close('2026-11-09')
  await world.charge()
})

async function run(...options: string[]): Promise<{ code: number; out: string; errors: string }> {
  const script = join(import.meta.dirname, '../../scripts/billing-report.ts')
  const { stripe, paddle, uri } = world
  const child = spawn(process.execPath, [script, ...options], {
    env: {
      PATH: process.env.PATH,
      ...{ MONGODB_URI: uri, REDIS_URL: 'redis://127.0.0.1:1' },
      ENCRYPTION_KEYS: `k1:${chargeKey.toString('base64')}`,
      ...{ STRIPE_SECRET_KEY: stripe.key, STRIPE_API_BASE: stripe.url },
      ...{ PADDLE_API_KEY: paddle.key, PADDLE_API_BASE: paddle.url },
    },
  })
  let [out, errors] = ['', '']
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  const [code] = await once(child, 'close')
  return { code, out, errors }
}

describe('npm run billing:report', () => {
  test('holds what was acknowledged against what Stripe has counted', async () => {
    const { code, out, errors } = await run('--month', '2026-11')
    expect(errors).toBe('')
    const row = /^key_a +gc_live_ey_a? ?\S* +starter +(.*)$/m.exec(out)?.[1]?.split(/ {2,}/)
    expect(row).toEqual(['1,145', '0', '140', '140', '140', '5', '0'])
    expect(out).toContain('1 keys, 0 differ, 0 could not be asked about')
    expect(code).toBe(0)
  })

  test('as JSON tells a difference, and ends with 1', async () => {
    const [event] = world.stripe.events
    if (event) event.units += 7
    const { code, out } = await run('--month', '2026-11', '--json')
    expect(JSON.parse(out)).toMatchObject({
      ...{ month: '2026-11', differing: 1, unasked: 0 },
      keys: [{ apiKeyId: 'key_a', acknowledged: 140, atProvider: 147, difference: 7 }],
    } satisfies Partial<Omit<ChargeReport, 'keys'>> & { keys: object[] })
    expect(code).toBe(1)
  })

  test('--help says what it does', async () => {
    expect((await run('--help')).out).toMatch(/^npm run billing:report/)
  })
})

describe('the report', () => {
  function report(month = '2026-11'): Promise<ChargeReport> {
    const { db, stripe, paddle } = world
    const providers = createProviders({
      ...{ fetch, clock: () => world.now, registry: new Registry(), timeoutMs: 1_000 },
      stripe: { key: stripe.key, apiBase: stripe.url },
      paddle: { key: paddle.key, apiBase: paddle.url },
    })
    const encryption = createEncryption([{ id: 'k1', key: chargeKey }], randomBytes)
    return chargeReport({ db, plans: chargePlans, encryption, providers }, month)
  }

  test('says where a provider cannot be asked, and that a month without charges has none', async () => {
    world.stripe.fail(() => true, { reply: { status: 401 } })
    expect(await report()).toMatchObject({
      ...{ differing: 0, unasked: 1 },
      keys: [{ overage: 145, note: 'Stripe cannot be asked right now (401)', difference: null }],
    })
    expect(await report('2026-10')).toMatchObject({ keys: [] })
    await expect(report('2026-13')).rejects.toThrow('is no month')
  })

  test('tells two keys of one customer apart, and knows Paddle’s charges', async () => {
    const { db } = world
    await plantKey(db, 'key_b', 'acc_a', { tier: 'starter' })
    await world.subscribe('STRIPE:sub_2', { apiKeyId: 'key_b' })
    await plantKey(db, 'key_p', 'acc_a', { tier: 'starter' })
    await world.subscribe('PADDLE:sub_p', { apiKeyId: 'key_p' })
    await world.calls('2026-11-10', 1_011, 'key_b')
    await world.calls('2026-11-10', 1_100, 'key_p')
    world.now = Date.UTC(2026, 11, 1, 1, 30)
    await world.close('2026-11-30')
    await world.charge()
    const { keys } = await report()
    const told = keys.map(({ apiKeyId, ...key }) => [apiKeyId, key.atProvider, key.difference])
    expect(told).toEqual([
      ['key_a', 140, 0],
      ['key_b', 11, 0],
      ['key_p', 100, 0],
    ])
  })
})

test('usageCharges lists the charges of a month for the admin, newest first, in pages', async () => {
  const query = `query ($month: YearMonth!, $first: Int, $after: String) {
    usageCharges(month: $month, first: $first, after: $after) {
      totalCount pageInfo { endCursor hasNextPage }
      edges { node { id day provider units acknowledged toNextInvoice status reason because nextTryAt
        tries { did outcome answer } } }
    }
  }`
  const asked = (variables: object) =>
    ask(query, contextOf({ kind: 'admin' }, { db: world.db }), { month: '2026-11', ...variables })
  const first = (await asked({ first: 2 })).data?.usageCharges as {
    pageInfo: { endCursor: string }
    edges: { node: { id: string } }[]
  }
  expect(first).toMatchObject({ totalCount: 3, pageInfo: { hasNextPage: true } })
  const rest = await asked({ after: first.pageInfo.endCursor })
  const last = rest.data?.usageCharges as typeof first | undefined
  const all = [...first.edges, ...(last?.edges ?? [])].map(({ node }) => node)
  expect(all.map(({ id }) => id).sort()).toEqual([
    ...['key_a:2026-11-08', 'key_a:2026-11-09', 'key_a:2026-11:late:3'],
  ])
  expect(all).toContainEqual({
    ...{ id: 'key_a:2026-11-09', day: '2026-11-09', provider: 'STRIPE', units: 40 },
    ...{ acknowledged: 40, toNextInvoice: 0, status: 'ACKNOWLEDGED', reason: null, because: null },
    ...{ nextTryAt: null, tries: [{ did: 'sent', outcome: 'taken', answer: null }] },
  })
  expect((await asked({ month: '2026-12' })).data?.usageCharges).toMatchObject({ totalCount: 0 })
  expect(codeOf(await asked({ first: 0 }))).toBe('BAD_USER_INPUT')
})
