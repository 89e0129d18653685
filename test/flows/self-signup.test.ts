import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accounts } from '../../src/store/accounts.ts'
import { type Answer, dataOf, startTestApi, type TestApi } from '../api.ts'
import { audience, startIssuer, type TestIssuer } from '../callers/issuer.ts'
import { openSocket } from '../socket.ts'

let issuer: TestIssuer
let open: TestApi
let closed: TestApi
beforeAll(async () => {
  issuer = await startIssuer()
  const oidc = { OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: audience }
  ;[open, closed] = await Promise.all([
    startTestApi({ ...oidc, SELF_SIGNUP: '1' }),
    startTestApi(oidc),
  ])
})
afterAll(async () => {
  await Promise.all([open.end(), closed.end()])
  await issuer.close()
})

const signUp = `mutation ($name: String = "Ledger Ltd", $email: String = "me@ledger.example") {
  signUp(name: $name, email: $email) { id name currency apiKeys { id } }
}`

const refusal = { status: 403, code: 'FORBIDDEN', message: 'There is no account for this token.' }

function refusalOf({ status, errors }: Answer) {
  const [first] = errors ?? []
  return { status, code: first?.extensions.code, message: first?.message }
}

async function headersOf(sub: string): Promise<Record<string, string>> {
  return { authorization: `Bearer ${await issuer.token({ sub })}` }
}

describe('where people may sign up', () => {
  test('somebody new hears that he may, makes an account and goes on with it', async () => {
    const headers = await headersOf('new-1')
    const viewer = '{ viewer { maySignUp account { id } } }'
    expect((await open.ask(viewer, { headers })).data).toEqual({
      viewer: { maySignUp: true, account: null },
    })
    const made = dataOf<{ id: string }>(await open.ask(signUp, { headers }), 'signUp')
    expect(made).toMatchObject({ name: 'Ledger Ltd', currency: 'USD', apiKeys: [] })
    expect((await open.ask(viewer, { headers })).data).toEqual({
      viewer: { maySignUp: false, account: { id: made.id } },
    })
    const key = 'mutation { createApiKey(input: { name: "first" }) { secret apiKey { tier } } }'
    const { secret, apiKey } = dataOf<{ secret: string; apiKey: { tier: string } }>(
      await open.ask(key, { headers }),
      'createApiKey',
    )
    expect(apiKey.tier).toBe('free')
    expect((await open.ask('{ countries { code } }', { key: secret })).status).toBe(200)
  })

  test('nobody has two accounts: not one after the other, and not at once', async () => {
    const headers = await headersOf('new-2')
    const all = await Promise.all(Array.from({ length: 8 }, () => open.ask(signUp, { headers })))
    expect(all.filter(({ data }) => data?.signUp)).toHaveLength(1)
    for (const answer of all.filter(({ errors }) => errors)) {
      expect(answer.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
      expect(answer.errors?.[0]?.message).toMatch(/has an account already|have an account already/)
    }
    const again = await open.ask(signUp, { headers })
    expect(again.errors?.[0]?.message).toBe('You have an account already.')
    expect(await accounts(open.db).countDocuments({ userId: 'new-2' })).toBe(1)
  })

  test.each([
    ['a name of blanks', { name: '  ' }],
    ['a name with a line feed', { name: 'a\nb' }],
    ['an address that is none', { email: 'me' }],
  ])('%s makes none', async (_, variables) => {
    const headers = await headersOf('new-3')
    const answer = await open.ask(signUp, { headers, variables })
    expect(answer.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
    expect(await accounts(open.db).countDocuments({ userId: 'new-3' })).toBe(0)
  })

  test.each([
    '{ account { id } }',
    '{ plans { id } }',
    '{ monthlyUsage { totalRequests } }',
    '{ countries { code } }',
    '{ __typename }',
    '{ viewer { admin } account { id } }',
    'mutation { createApiKey(input: { name: "x" }) { secret } }',
    'subscription { liveUsage { apiKeyId } }',
  ])('whoever has no account yet hears for %s what he hears elsewhere', async (query) => {
    const headers = await headersOf('new-4')
    const there = await open.ask(query, { headers })
    expect(refusalOf(there)).toEqual(refusal)
    expect(refusalOf(await closed.ask(query, { headers }))).toEqual(refusal)
    expect(there.data).toBeUndefined()
  })

  test('REST and WebSocket know no such person', async () => {
    const headers = await headersOf('new-5')
    for (const path of ['/dashboard/usage/monthly', '/api/v1/tax-dates?country=AU&year=2026']) {
      const response = await fetch(open.url + path, { headers })
      expect(await response.json()).toMatchObject({ code: 'FORBIDDEN', detail: refusal.message })
      expect(response.status).toBe(403)
    }
    const socket = await openSocket(`${open.url}/graphql`)
    socket.send({ type: 'connection_init', payload: headers })
    expect(await socket.closed).toEqual({ code: 4403, reason: `FORBIDDEN: ${refusal.message}` })
  })
})

describe('where nobody may, as is the default', () => {
  test.each([signUp, '{ viewer { maySignUp } }', '{ account { id } }'])(
    'a token without an account is refused as ever: %s',
    async (query) => {
      const headers = await headersOf('new-1')
      expect(refusalOf(await closed.ask(query, { headers }))).toEqual(refusal)
      expect(await accounts(closed.db).countDocuments({ userId: 'new-1' })).toBe(0)
    },
  )

  test('who has an account hears that signing up is off', async () => {
    const { accountId } = await closed.seed()
    await accounts(closed.db).updateOne({ _id: accountId }, { $set: { userId: 'old' } })
    const answer = await closed.ask(signUp, { headers: await headersOf('old') })
    expect(answer.errors?.[0]).toMatchObject({
      message: 'Nobody may sign up here.',
      extensions: { code: 'FORBIDDEN' },
    })
  })

  test('neither the admin key nor an API key signs anybody up', async () => {
    const { secret } = await open.seed()
    for (const key of [open.adminApiKey, secret]) {
      expect((await open.ask(signUp, { key })).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
    }
  })
})
