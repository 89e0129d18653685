import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Caller, Deps } from '../../src/context.ts'
import type { AnnouncedChange } from '../../src/rules/tax/tax-date-change.ts'
import { createTaxHistory } from '../../src/rules/tax/tax-history.ts'
import { taxDateChanges } from '../../src/store/tax-date-changes.ts'
import { announceMutation, announcement } from '../announcing.ts'
import { type Answer, dataOf, startTestApi, type TestApi } from '../api.ts'
import { ask, asOwner, contextOf } from '../asked.ts'
import { fromRules } from '../rules/tax/shipped-data.ts'

let api: TestApi
let key: string

beforeAll(async () => {
  api = await startTestApi({ LIMIT_UNMETERED_PER_SECOND: '1000' })
  key = (await api.seed('enterprise')).secret
})
afterAll(() => api.end())

const previewQuery = `query ($input: AnnounceTaxDateChangeInput!) {
  previewTaxDateChange(input: $input) { id region dueDate shiftedBy }
}`

const announce = (changed: object = {}, as = api.adminApiKey): Promise<Answer> =>
  api.ask(announceMutation, { key: as, variables: { input: announcement(changed) } })
const preview = (changed: object = {}, as = api.adminApiKey): Promise<Answer> =>
  api.ask(previewQuery, { key: as, variables: { input: announcement(changed) } })

interface Announced {
  id: string
  taxDates: { id: string; dueDate: string }[]
}
const announced = async (changed: object = {}) =>
  dataOf<Announced>(await announce(changed), 'announceTaxDateChange')
const codeOf = ({ errors }: Answer) => errors?.[0]?.extensions.code
const count = () => taxDateChanges(api.db).countDocuments()
const aPeriod = { obligationId: 'us-1040', periodEnd: '2026-12-31' }

describe('announceTaxDateChange', () => {
  test('moves a date, says all that is on record, and what the dates are now', async () => {
    const { data } = await announce({ reason: ' Postponed ' })
    expect(data?.announceTaxDateChange).toEqual({
      ...{ id: expect.stringMatching(/^\d+$/), country: 'AU', obligationId: 'au-bas-q-self' },
      ...{ periodEnd: '2026-12-31', region: null, effect: 'MOVED', dueDate: '2027-03-15' },
      ...{ appliesTo: null, reason: 'Postponed', enteredAt: expect.stringMatching(/Z$/) },
      source: { name: 'ATO', url: 'https://www.ato.gov.au/floods', readOn: '2026-11-20' },
      taxDates: [
        {
          id: 'au-bas-q-self:2026-12-31',
          dueDate: '2027-03-15',
          shiftedBy: 'announced: Postponed',
        },
      ],
    })
    const doc = await taxDateChanges(api.db).findOne({}, { sort: { _id: -1 } })
    expect(doc).toMatchObject({ enteredBy: 'admin', reason: 'Postponed' })
    expect(doc).not.toHaveProperty('shippedKey')
  })

  test('once more is refused and names the change that holds', async () => {
    const input = { dueDate: '2027-03-17' }
    const { id } = await announced(input)
    const before = await count()
    const repeated = await announce(input)
    expect(codeOf(repeated)).toBe('BAD_USER_INPUT')
    expect(repeated.errors?.[0]?.message).toContain(`change ${id} says the same`)
    expect(await count()).toBe(before)
  })

  test('for one region leaves the others as they are', async () => {
    const { taxDates } = await announced({ ...aPeriod, region: 'US-CA', dueDate: '2027-10-15' })
    expect(taxDates.map(({ id, dueDate }) => [id, dueDate])).toEqual([
      ['us-1040:2026-12-31', '2027-04-15'],
      ['us-1040:2026-12-31:US-CA', '2027-10-15'],
    ])
  })

  test('withdraws a duty, and restores it', async () => {
    const gone = { periodEnd: '2026-09-30', effect: 'WITHDRAWN', dueDate: null }
    expect((await announced(gone)).taxDates).toEqual([])
    const back = await announced({ ...gone, effect: 'RESTORED' })
    expect(back.taxDates).toMatchObject([{ id: 'au-bas-q-self:2026-09-30' }])
    expect(codeOf(await announce({ ...gone, effect: 'RESTORED', reason: 'again' }))).toBe(
      'BAD_USER_INPUT',
    )
  })

  test('takes a notice that concerns no obligation', async () => {
    const notice = { obligationId: null, periodEnd: null, country: 'NZ' }
    const { data } = await announce(notice)
    expect(data?.announceTaxDateChange).toMatchObject({
      ...{ country: 'NZ', obligationId: null, taxDates: [] },
    })
  })

  test.each<[string, object]>([
    ['an unknown field', { enteredAt: '2020-01-01T00:00:00Z' }],
    ['an effect that is none', { effect: 'DELETED' }],
    ['an object for an id', { obligationId: { $ne: null } }],
    ['a country that is none', { country: 'XX' }],
    ['a day that is none', { dueDate: '2027-02-30' }],
    ['no source', { source: null }],
    ['a source without a day', { source: { name: 'ATO', url: 'https://www.ato.gov.au' } }],
    ['no reason', { reason: null }],
    ['another period', { periodEnd: '2026-12-30' }],
    ['a line break in a text', { reason: 'a\nb' }],
    ['a text of a megabyte’s tenth', { reason: 'x'.repeat(60_000) }],
    [
      'an unsafe address',
      { source: { name: 'x', url: 'file:///etc/passwd', readOn: '2026-11-20' } },
    ],
    ['a prototype’s name', { obligationId: 'constructor' }],
  ])('is refused with %s, and nothing is entered', async (_name, changed) => {
    const before = await count()
    for (const answer of [await announce(changed), await preview(changed)]) {
      expect(codeOf(answer)).toBe('BAD_USER_INPUT')
      expect(JSON.stringify(answer.errors)).not.toMatch(/node_modules|Mongo|\.ts\b/)
    }
    expect(await count()).toBe(before)
  })

  test('and its preview are open to the admin alone', async () => {
    const before = await count()
    const input = announcement({ dueDate: '2027-05-05' })
    for (const query of [announceMutation, previewQuery]) {
      const asKey = await api.ask(query, { key, variables: { input } })
      const asNobody = await api.ask(query, { variables: { input } })
      expect([codeOf(asKey), codeOf(asNobody)]).toEqual(['FORBIDDEN', 'UNAUTHENTICATED'])
    }
    expect(await count()).toBe(before)
  })
})

test('an announcement by an admin’s token is on record under that account', async () => {
  const entered: unknown[] = []
  const taxDateChanges = {
    announce: async (change: AnnouncedChange, enteredBy: string) => {
      entered.push(enteredBy)
      return { ...change, id: '1', enteredAt: 0 }
    },
  } as unknown as Deps['taxDateChanges']
  const taxHistory = createTaxHistory(fromRules, Date.now)
  for (const caller of [
    { ...asOwner('acc_a'), admin: true as const },
    { kind: 'admin' as const },
  ]) {
    const context = contextOf(caller as Caller, { taxDateChanges, taxHistory, clock: Date.now })
    const { errors } = await ask(announceMutation, context, { input: announcement() })
    expect(errors).toBeUndefined()
  }
  expect(entered).toEqual(['acc_a', 'admin'])
})

describe('previewTaxDateChange', () => {
  test('says what the dates would be, and enters nothing', async () => {
    const input = { ...aPeriod, region: 'US-TX', dueDate: '2027-06-15' }
    const before = await count()
    const { data } = await preview(input)
    expect(data?.previewTaxDateChange).toContainEqual({
      ...{ id: 'us-1040:2026-12-31:US-TX', region: 'US-TX', dueDate: '2027-06-15' },
      shiftedBy: 'announced: Postponed after the floods',
    })
    expect(await count()).toBe(before)
    const { taxDates } = await announced(input)
    const ids = (dates: { id: string }[]) => dates.map(({ id }) => id)
    expect(ids(taxDates)).toEqual(ids(data?.previewTaxDateChange as { id: string }[]))
  })

  test('refuses what would be refused', async () => {
    await announced({ dueDate: '2027-03-18' })
    expect(codeOf(await preview({ dueDate: '2027-03-18' }))).toBe('BAD_USER_INPUT')
  })
})

describe('taxDateChanges', () => {
  interface Page {
    edges: { cursor: string; node: { id: string; country: string; obligationId: string | null } }[]
    pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; endCursor: string | null }
    totalCount: number
  }
  const query = `query ($countries: [CountryCode!], $obligationIds: [ID!], $first: Int, $after: String) {
    taxDateChanges(countries: $countries, obligationIds: $obligationIds, first: $first, after: $after) {
      edges { cursor node { id country obligationId } }
      pageInfo { hasNextPage hasPreviousPage endCursor }
      totalCount
    }
  }`
  const asked = (variables: object = {}) => api.ask(query, { key, variables: { ...variables } })
  const page = async (variables: object = {}) =>
    dataOf<Page>(await asked(variables), 'taxDateChanges')

  test('are listed newest first, page by page, also while more are entered', async () => {
    const whole = await page({ first: 500 })
    const ids = whole.edges.map(({ node }) => Number(node.id))
    expect(ids).toEqual([...ids].sort((a, b) => b - a))
    expect(whole.totalCount).toBe(await count())
    const paged: number[] = []
    for (let after: string | null = null, more = true; more; ) {
      const { edges, pageInfo }: Page = await page({ first: 5, after })
      expect(pageInfo.hasPreviousPage).toBe(after !== null)
      paged.push(...edges.map(({ node }) => Number(node.id)))
      ;[after, more] = [pageInfo.endCursor, pageInfo.hasNextPage]
      await announced({ reason: `announced after ${paged.length}` })
    }
    expect(paged).toEqual(ids)
  })

  test('of some countries hold their notices; of some obligations none', async () => {
    const nz = await page({ countries: ['NZ'] })
    expect(nz.edges.map(({ node }) => node.obligationId)).toContain(null)
    expect(new Set(nz.edges.map(({ node }) => node.country))).toEqual(new Set(['NZ']))
    const ofOne = await page({ obligationIds: ['us-1040'] })
    expect(ofOne.totalCount).toBeGreaterThan(0)
    expect(new Set(ofOne.edges.map(({ node }) => node.obligationId))).toEqual(new Set(['us-1040']))
  })

  test('cost one unit', async () => {
    expect((await asked()).extensions?.usage?.units).toBe(1)
  })

  test.each([
    ['no country at all', { countries: [] }],
    ['no obligation at all', { obligationIds: [] }],
    ['an unknown obligation', { obligationIds: ['us-1040', 'us-none'] }],
    ['an obligation of another country', { countries: ['AU'], obligationIds: ['us-1040'] }],
    ['too large a page', { first: 501 }],
    ['an empty page', { first: 0 }],
    ['a cursor of nothing', { after: 'AAAA' }],
    ['an altered cursor', { after: `${Buffer.from('change:1').toString('base64url')}=` }],
  ])('are refused with %s', async (_name, variables) => {
    const answer = await asked(variables)
    expect([codeOf(answer), answer.extensions?.usage?.units ?? 0]).toEqual(['BAD_USER_INPUT', 0])
  })
})
