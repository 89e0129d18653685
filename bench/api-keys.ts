import type { Api } from './machine.ts'

export interface BenchKey {
  id: string
  accountId: string
  secret: string
}

/** Keys an account is given, as one of its owner's could be; and what one operation creates. */
const keysAnAccount = 20

/** Creates accounts and their keys on the bench's plan, through the API. */
export async function createKeys(api: Api, count: number): Promise<BenchKey[]> {
  const keys: BenchKey[] = []
  while (keys.length < count) {
    const accountId = await createAccount(api, `bench-${api.port}-${keys.length}`)
    const some = Math.min(keysAnAccount, count - keys.length)
    keys.push(...(await createKeysOf(api, accountId, some)))
  }
  return keys
}

async function createAccount(api: Api, userId: string): Promise<string> {
  const { createAccount } = await ask<{ createAccount: { id: string } }>(
    api,
    'mutation ($input: CreateAccountInput!) { createAccount(input: $input) { id } }',
    { input: { name: 'Bench', email: 'bench@example.com', userId } },
  )
  return createAccount.id
}

async function createKeysOf(api: Api, accountId: string, count: number): Promise<BenchKey[]> {
  const fields = Array.from(
    { length: count },
    (_, i) => `k${i}: createApiKey(input: $input) { secret apiKey { id } }`,
  )
  const created = await ask<Record<string, { secret: string; apiKey: { id: string } }>>(
    api,
    `mutation ($input: CreateApiKeyInput!) { ${fields.join(' ')} }`,
    { input: { accountId, name: 'Bench', tier: 'bench' } },
  )
  return Object.values(created).map(({ secret, apiKey }) => ({ id: apiKey.id, accountId, secret }))
}

async function ask<T>({ port, adminApiKey }: Api, query: string, variables: object): Promise<T> {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Api-Key': adminApiKey },
    body: JSON.stringify({ query, variables }),
  })
  const { data, errors } = (await response.json()) as { data?: T; errors?: unknown }
  if (!data || errors) throw new Error(JSON.stringify(errors))
  return data
}
