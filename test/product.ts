import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type Answer, dataOf } from './api.ts'
import { type ApiProcess, startApiProcess } from './api-process.ts'
import { startWorkerProcess, type WorkerProcess } from './worker-process.ts'

export interface CreatedKey {
  id: string
  accountId: string
  secret: string
}

/** API and worker processes as operators run them: they know their servers by settings alone. */
export interface Product {
  readonly apis: readonly ApiProcess[]
  readonly workers: readonly WorkerProcess[]
  /** Another API process with the same settings, once it is ready. */
  addApi(): Promise<ApiProcess>
  /** With the admin key, by the first API process. */
  administer(query: string, variables?: Record<string, unknown>): Promise<Answer>
  /** Of one account, made for them. */
  createKeys(count: number, tier: string): Promise<CreatedKey[]>
  /** Sum over all processes of a kind and all labels, as they say now; without its `getcomplical_`. */
  metric(of: 'apis' | 'workers', name: string): Promise<number>
  /** Status of each process' /readyz. */
  readiness(): Promise<number[]>
  signalWorkers(signal: NodeJS.Signals): void
  stop(): Promise<void>
}

/** @param settings at least REDIS_URL and MONGODB_URI */
export async function startProduct(
  size: { apis: number; workers: number },
  settings: Record<string, string>,
): Promise<Product> {
  const apis: ApiProcess[] = []
  const secrets = {
    ADMIN_API_KEY: `admin_${randomBytes(18).toString('hex')}`,
    // Together they are one product: a secret that one gave out opens the others.
    API_KEY_PEPPER: randomBytes(32).toString('base64'),
    ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
  }
  const environment = {
    LIMIT_UNMETERED_PER_SECOND: '1000',
    LOG_LEVEL: 'warn',
    ...secrets,
    ...settings,
  }

  async function addApi(): Promise<ApiProcess> {
    const api = await startApiProcess(environment)
    const ended = api.exit.then((code) => Promise.reject(new Error(`it ended with ${code}`)))
    // Heard until it is ready, and of no interest after that.
    ended.catch(() => {})
    await Promise.race([api.ready(), ended]).catch((cause) => {
      api.remove()
      throw new Error(`an API process is not ready; it said:\n${api.log()}`, { cause })
    })
    apis.push(api)
    return api
  }

  const workers: WorkerProcess[] = []
  // One after the other: each start is a second of work, which a busy machine stretches.
  while (workers.length < size.workers) {
    const worker = await startWorkerProcess({ ...environment, LOG_LEVEL: 'silent' })
    workers.push(worker)
    await worker.ready()
  }
  while (apis.length < size.apis) await addApi()

  async function administer(query: string, variables = {}): Promise<Answer> {
    const response = await fetch(`${apis[0]?.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': secrets.ADMIN_API_KEY },
      body: JSON.stringify({ query, variables }),
    })
    const body = (await response.json()) as Omit<Answer, 'status' | 'headers'>
    return { ...body, status: response.status, headers: response.headers }
  }

  return {
    apis,
    workers,
    addApi,
    administer,
    async createKeys(count, tier) {
      const userId = randomBytes(6).toString('hex')
      const created = await administer(
        `mutation($input: CreateAccountInput!) { createAccount(input: $input) { id } }`,
        { input: { name: 'Test', email: `${userId}@example.com`, userId } },
      )
      const { id: accountId } = dataOf<{ id: string }>(created, 'createAccount')
      const keys: CreatedKey[] = []
      while (keys.length < count) {
        const made = await administer(
          `mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { id } } }`,
          { input: { accountId, name: 'Test', tier } },
        )
        type Created = { secret: string; apiKey: { id: string } }
        const { secret, apiKey } = dataOf<Created>(made, 'createApiKey')
        keys.push({ id: apiKey.id, accountId, secret })
      }
      return keys
    },
    async metric(of, name) {
      const processes = of === 'apis' ? apis : workers
      const texts = processes.map(async ({ url }) => (await fetch(`${url}/metrics`)).text())
      return (await Promise.all(texts)).reduce((sum, text) => sum + sumIn(text, name), 0)
    },
    readiness: () =>
      Promise.all(
        [...apis, ...workers].map(async ({ url }) => (await fetch(`${url}/readyz`)).status),
      ),
    signalWorkers(signal) {
      for (const { child } of workers) child.kill(signal)
    },
    async stop() {
      const ended = [...apis, ...workers].map(({ child }) => once(child, 'exit'))
      for (const { child } of workers) child.kill('SIGKILL')
      for (const api of apis) api.remove()
      await Promise.all(ended)
    },
  }
}

function sumIn(text: string, metric: string): number {
  const name = `getcomplical_${metric}`
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}
