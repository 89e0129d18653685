import { beforeEach, describe, expect, test } from 'vitest'
import { accounts } from '../../src/store/accounts.ts'
import { account, plantKey } from '../asked.ts'
import { admin, codeOf, useTwoAccounts } from './two-accounts.ts'

const two = useTwoAccounts()

describe('accounts', () => {
  const query = `query ($first: Int, $after: String, $search: String) {
    accounts(first: $first, after: $after, search: $search) {
      totalCount
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      edges { cursor node { id email apiKeys { id } } }
    }
  }`
  interface Page {
    totalCount: number
    pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; endCursor: string | null }
    edges: { cursor: string; node: { id: string; email: string; apiKeys: { id: string }[] } }[]
  }
  const page = async (variables: Record<string, unknown> = {}) => {
    const result = await two.asked(admin, query, variables)
    expect(result.errors).toBeUndefined()
    return result.data?.accounts as Page
  }
  const padded = (i: number) => `acc_${String(i).padStart(16, '0')}`

  beforeEach(async () => {
    await accounts(two.database.db).deleteMany({})
    await accounts(two.database.db).insertMany(
      Array.from({ length: 23 }, (_, i) => ({
        ...account(padded(i)),
        name: i === 7 ? 'Straße (x.*) 50%' : `Customer ${i}`,
        // Five share an instant: the order must not depend on it alone.
        createdAt: new Date(Math.floor(i / 5) * 1_000),
      })),
    )
    await plantKey(two.database.db, 'key_seven', padded(7))
  })

  test('are walked page by page, newest first, each once, although others are created meanwhile', async () => {
    const seen: string[] = []
    let after: string | null = null
    for (;;) {
      const { edges, pageInfo, totalCount } = await page({ first: 4, after })
      seen.push(...edges.map(({ node }) => node.id))
      if (after === null) {
        await accounts(two.database.db).insertOne({ ...account(padded(99)), createdAt: new Date() })
        expect(totalCount).toBe(23)
      }
      after = pageInfo.endCursor
      if (!pageInfo.hasNextPage) break
    }
    expect(seen).toEqual(Array.from({ length: 23 }, (_, i) => padded(22 - i)))
  })

  test('carry their addresses and keys', async () => {
    const { edges } = await page()
    const seven = edges.find(({ node }) => node.id === padded(7))
    expect(seven?.node).toMatchObject({ apiKeys: [{ id: 'key_seven' }] })
    expect(edges.every(({ node }) => node.email.includes('@'))).toBe(true)
  })

  test.each<[string, number]>([
    ['customer 1', 11],
    ['CUSTOMER 22', 1],
    ['(x.*)', 1],
    ['.*', 1],
    ['50%', 1],
    [padded(3), 1],
    [`${padded(3)}@example`, 1],
    [`user-${padded(3)}`, 1],
    ['nobody', 0],
    ['', 23],
  ])('are searched for "%s" as a text, not a pattern', async (search, found) => {
    expect((await page({ search })).totalCount).toBe(found)
  })

  test.each<Record<string, unknown>>([
    { first: 0 },
    { first: -1 },
    { first: 501 },
    { first: 2 ** 31 },
    { after: '' },
    { after: 'foreign' },
    { after: Buffer.from('account:1:acc_x').toString('base64url') },
    { search: 'x'.repeat(101) },
    { search: '\0' },
  ])('refuse %o', async (variables) => {
    expect(codeOf(await two.asked(admin, query, variables))).toBe('BAD_USER_INPUT')
  })
})
