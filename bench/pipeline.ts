import { cpuNanoseconds } from './cpu.ts'
import { graphqlRequest, type Load, openLoad } from './load.ts'
import type { Machine } from './machine.ts'
import type { Arm } from './rounds.ts'

/** As many as the figure of the issue names. */
const connectionCount = 32

/** Small on purpose: the less an answer costs by itself, the more the pipeline around it weighs. */
export const benchQuery =
  '{ taxDates(country: GB, from: "2026-03-01", to: "2026-04-30", first: 5) { edges { node { id dueDate } } } }'

/** The arms of the pipeline figures; "yoga again" is the other half of the A/A pair. */
export async function pipelineArms(machine: Machine): Promise<Arm[]> {
  const api = await machine.startApi()
  const keys = await createKeys(api, connectionCount)
  const full = keys.map((key) => graphqlRequest(benchQuery, { 'X-Api-Key': key }))
  const plain = Array.from({ length: connectionCount }, () => graphqlRequest(benchQuery))
  const [yoga, placebo, hincrby, again] = [
    await machine.startBaseline('yoga'),
    await machine.startBaseline('placebo'),
    await machine.startBaseline('hincrby'),
    await machine.startBaseline('yoga'),
  ]
  return Promise.all([
    armOf('full', api, full),
    armOf('yoga', yoga, plain),
    armOf('placebo', placebo, plain),
    armOf('hincrby', hincrby, plain),
    armOf('yoga again', again, plain),
  ])
}

async function armOf(
  name: string,
  server: { port: number; pid: number },
  requests: readonly Buffer[],
): Promise<Arm> {
  const load = await openLoad(server.port, requests)
  return {
    name,
    async slice(ms) {
      const [cpuBefore, before] = [cpuNanoseconds(server.pid), performance.now()]
      const calls = await load.run(ms)
      const [cpuAfter, after] = [cpuNanoseconds(server.pid), performance.now()]
      return {
        cpu: (cpuAfter - cpuBefore) / 1_000 / calls,
        time: ((after - before) * 1_000) / calls,
      }
    },
  }
}

/** Redis CPU of everything a metered call causes, roll-up included, µs. */
export async function redisCpuPerCall(
  machine: Machine,
  seconds: number,
): Promise<{ micros: number; callsPerSecond: number }> {
  const api = await machine.startApi()
  await machine.startWorker()
  const keys = await createKeys(api, connectionCount)
  const requests = keys.map((key) => graphqlRequest(benchQuery, { 'X-Api-Key': key }))
  const load: Load = await openLoad(api.port, requests)
  await load.run(3_000)
  const before = cpuNanoseconds(machine.redisPid)
  const calls = await load.run(seconds * 1_000)
  // What is still on its way to the roll-up costs Redis, too.
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  const micros = (cpuNanoseconds(machine.redisPid) - before) / 1_000 / calls
  load.close()
  return { micros, callsPerSecond: calls / seconds }
}

interface Api {
  port: number
  adminApiKey: string
}

async function createKeys({ port, adminApiKey }: Api, count: number): Promise<string[]> {
  async function ask<T>(query: string, variables: object): Promise<T> {
    const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Api-Key': adminApiKey },
      body: JSON.stringify({ query, variables }),
    })
    const { data, errors } = (await response.json()) as { data?: T; errors?: unknown }
    if (!data || errors) throw new Error(JSON.stringify(errors))
    return data
  }
  const userId = `bench-${port}`
  const { createAccount } = await ask<{ createAccount: { id: string } }>(
    'mutation ($input: CreateAccountInput!) { createAccount(input: $input) { id } }',
    { input: { name: 'Bench', email: 'bench@example.com', userId } },
  )
  const secrets: string[] = []
  for (let i = 0; i < count; i++) {
    const { createApiKey } = await ask<{ createApiKey: { secret: string } }>(
      'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }',
      { input: { accountId: createAccount.id, name: `Bench ${i}`, tier: 'bench' } },
    )
    secrets.push(createApiKey.secret)
  }
  return secrets
}
