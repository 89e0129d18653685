import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Caller } from '../../src/context.ts'
import type { TaxDateConnection } from '../../src/rules/tax/tax-date-page.ts'
import { createTaxHistory } from '../../src/rules/tax/tax-history.ts'
import type { AccountDoc } from '../../src/store/accounts.ts'
import type { ApiKeyDoc } from '../../src/store/api-keys.ts'
import { loadTaxData } from '../../src/store/tax-data.ts'
import { dataOf, startTestApi, type TestApi } from '../api.ts'
import { guardedYoga } from '../plugins/guarded-yoga.ts'
import { change } from '../rules/tax/announced.ts'

const now = Date.parse('2026-11-22T12:00:00Z')
const clock = () => now
const taxHistory = createTaxHistory(loadTaxData(join(import.meta.dirname, '../../data/tax')), clock)
taxHistory.record([
  change({
    obligationId: 'au-bas-m',
    periodEnd: '2026-10-31',
    effect: 'MOVED',
    dueDate: '2026-12-21',
    enteredAt: Date.parse('2026-11-20T09:00:00Z'),
  }),
])
const caller = (): Caller => ({
  kind: 'apiKey',
  apiKey: { _id: 'key_1' } as ApiKeyDoc,
  account: { _id: 'acc_1' } as AccountDoc,
})
let payer: Caller = caller()
let notes: unknown[] = []
const { ask } = guardedYoga({
  ...{ caller: () => payer, taxHistory, clock },
  datesRead: (...note) => notes.push(note),
})
beforeEach(() => {
  payer = caller()
  notes = []
})

const page = 'totalCount pageInfo { hasNextPage endCursor } edges { node { id dueDate } }'
const upcoming = `query(
  $countries: [CountryCode!]!, $days: Int, $regions: [String!], $taxpayers: [TaxpayerKind!],
  $yearEndMonth: Int, $first: Int, $after: String
) {
  upcomingTaxDates(
    countries: $countries, days: $days, regions: $regions, taxpayers: $taxpayers,
    yearEndMonth: $yearEndMonth, first: $first, after: $after
  ) { ${page} }
}`
const known = `query($asKnownOn: Date, $first: Int, $after: String) {
  taxDates(
    country: AU, from: "2026-11-01", to: "2026-12-31", obligationIds: ["au-bas-m"],
    asKnownOn: $asKnownOn, first: $first, after: $after
  ) { ${page} }
}`

async function dates(query: string, variables: Record<string, unknown>) {
  const { data, text } = await ask(query, variables)
  const [found] = Object.values(data ?? {})
  if (!found) throw new Error(text)
  return found as TaxDateConnection
}
const refusal = async (query: string, variables: Record<string, unknown>) => {
  const { codes, text } = await ask(query, variables)
  return [...codes, JSON.parse(text).errors[0].message as string]
}

describe('whose dates are asked for', () => {
  const gb = '{ upcomingTaxDates(countries: [GB, AU], obligationIds: ["gb-vat"]) { totalCount } }'

  test('is noted for the key that pays', async () => {
    await ask('{ a: taxDates(country: AU, year: 2026) { totalCount } }')
    await ask(gb)
    const account = { _id: 'acc_1' } as AccountDoc
    payer = { kind: 'account', account, payer: { _id: 'key_2' } as ApiKeyDoc }
    await ask('{ taxDates(country: FR, year: 2026, asKnownOn: "2026-11-01") { totalCount } }')
    expect(notes).toEqual([
      ['key_1', ['AU'], now],
      ['key_1', ['gb-vat'], now],
      ['key_2', ['FR'], now],
    ])
  })

  test('is not where nothing was answered, or no dates were asked for', async () => {
    await ask('{ taxDates(country: AU, year: 1999) { totalCount } }')
    await ask('{ countries { code } obligations(country: AU) { id } }')
    expect(notes).toEqual([])
  })
})

describe('upcomingTaxDates', () => {
  test('counts its days from the clock of the process, 30 unless it is said', async () => {
    const monthAhead = await dates(upcoming, { countries: ['GB', 'AU'] })
    const days = monthAhead.edges.map(({ node }) => node.dueDate)
    expect(days).toEqual([...days].sort())
    expect(days.every((day) => day >= '2026-11-22' && day <= '2026-12-22')).toBe(true)
    expect(await dates(upcoming, { countries: ['AU', 'GB'], days: 30 })).toEqual(monthAhead)
    expect(await dates(upcoming, { countries: ['AU', 'GB'], days: null })).toEqual(monthAhead)
  })

  test('answers "I am a company with employees in AU and GB, year end June"', async () => {
    const taxpayers = ['COMPANY', 'EMPLOYER']
    const company = { countries: ['AU', 'GB'], taxpayers, yearEndMonth: 6, days: 366, first: 500 }
    const { edges } = await dates(upcoming, company)
    const ids = edges.map(({ node }) => node.id)
    expect(ids.filter((id) => id.startsWith('gb-ct600:'))).toEqual(['gb-ct600:2026-06-30'])
    expect(ids.filter((id) => id.startsWith('gb-paye-e:'))).toHaveLength(13)
  })

  test('shows what was announced, and goes on behind a cursor', async () => {
    const query = { countries: ['AU'], regions: ['AU-VIC'], first: 3 }
    const first = await dates(upcoming, query)
    const rest = { ...query, first: 500, after: first.pageInfo.endCursor }
    const ids = [...first.edges, ...(await dates(upcoming, rest)).edges].map(({ node }) => node)
    expect(ids).toHaveLength(first.totalCount)
    expect(ids).toContainEqual({ id: 'au-bas-m:2026-10-31', dueDate: '2026-12-21' })
  })

  test.each([
    [{ countries: [] }, /^countries: /],
    [{ countries: ['AU'], days: 0 }, /^days: /],
    [{ countries: ['AU'], days: 367 }, /^days: /],
    [{ countries: ['AU'], regions: ['US-CA'] }, /^regions: /],
    [{ countries: ['AU'], taxpayers: [] }, /^taxpayers: /],
    [{ countries: ['AU'], yearEndMonth: 13 }, /^yearEndMonth: /],
    [{ countries: ['AU'], first: 0 }, /^first: /],
    [{ countries: ['AU'], after: 'made up' }, /^after: /],
  ])('refuses %j and names the argument', async (variables, message) => {
    const [code, told] = await refusal(upcoming, variables)
    expect(code).toBe('BAD_USER_INPUT')
    expect(told).toMatch(message)
  })

  test('is limited by what its first asks for, as every connection', async () => {
    const fields = 'id dueDate '.repeat(60)
    const of = (first: number) =>
      ask(`{ upcomingTaxDates(countries: [AU], first: ${first}) { edges { node { ${fields} } } } }`)
    expect((await of(1)).codes).toEqual([])
    expect((await of(500)).codes).toEqual(['QUERY_TOO_COMPLEX'])
  })

  test('is for nobody without a key', async () => {
    const anonymous = guardedYoga({ taxHistory, clock })
    expect((await anonymous.ask(upcoming, { countries: ['AU'] })).codes).toEqual([
      'UNAUTHENTICATED',
    ])
  })
})

describe('taxDates as known on a day', () => {
  const dueDates = async (asKnownOn: string | null) =>
    (await dates(known, { asKnownOn })).edges.map(({ node }) => node.dueDate)

  test('leaves out what was announced later', async () => {
    const [before, after] = [
      ['2026-11-23', '2026-12-21'],
      ['2026-12-21', '2026-12-21'],
    ]
    expect(await dueDates('2026-11-19')).toEqual(before)
    expect(await dueDates('2026-11-20')).toEqual(after)
    expect(await dueDates('2026-11-22')).toEqual(after)
    expect(await dueDates(null)).toEqual(after)
  })

  test('is not asked of a day to come', async () => {
    const [code, told] = await refusal(known, { asKnownOn: '2026-11-23' })
    expect([code, told]).toEqual(['BAD_USER_INPUT', expect.stringMatching(/^asKnownOn: /)])
  })

  test('has cursors of its own', async () => {
    const { pageInfo } = await dates(known, { asKnownOn: '2026-11-19', first: 1 })
    const { endCursor: after } = pageInfo
    expect((await dates(known, { asKnownOn: '2026-11-19', after })).edges).toHaveLength(1)
    expect(await refusal(known, { after })).toEqual([
      'BAD_USER_INPUT',
      'after: is not a cursor of this query',
    ])
  })
})

describe('obligations and taxDates', () => {
  test('are chosen by the same words', async () => {
    const chosen = 'country: GB, categories: [INCOME_TAX], taxpayers: [COMPANY], actions: [FILE]'
    const { data } = await ask(`{
      obligations(${chosen}) { id }
      taxDates(${chosen}, year: 2026, yearEndMonth: 3, taxTypes: ["Company Tax Return CT600"]) { ${page} }
    }`)
    expect(data?.obligations).toEqual([{ id: 'gb-ct600' }])
    expect(data?.taxDates).toMatchObject({
      totalCount: 1,
      edges: [{ node: { id: 'gb-ct600:2025-03-31', dueDate: '2026-03-31' } }],
    })
  })

  test.each(['obligations(country: GB, categories: [])', 'obligations(country: GB, actions: [])'])(
    '%s is refused',
    async (field) => {
      expect(await refusal(`{ ${field} { id } }`, {})).toEqual([
        'BAD_USER_INPUT',
        expect.stringMatching(/is empty; leave it out to ask for all$/),
      ])
    },
  )
})

describe('with everything behind it', () => {
  let api: TestApi
  beforeAll(async () => {
    api = await startTestApi()
  })
  afterAll(() => api.end())

  test('a page of upcoming dates costs one unit, a refused one none', async () => {
    const { secret: key } = await api.seed()
    const variables = { countries: ['AU', 'GB', 'US'], first: 2 }
    const one = await api.ask(upcoming, { key, variables })
    expect(one.extensions?.usage).toMatchObject({ units: 1, used: 1 })
    const { pageInfo } = dataOf<TaxDateConnection>(one, 'upcomingTaxDates')
    const refused = await api.ask(upcoming, { key, variables: { ...variables, days: 0 } })
    expect(refused.extensions?.usage).toMatchObject({ units: 0 })
    const two = await api.ask(upcoming, {
      key,
      variables: { ...variables, after: pageInfo.endCursor },
    })
    expect(two.extensions?.usage).toMatchObject({ units: 1 })
    expect(dataOf<TaxDateConnection>(two, 'upcomingTaxDates').edges).toHaveLength(2)
  })
})
