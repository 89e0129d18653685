import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Db } from 'mongodb'
import { type Config, readConfig } from '../src/config.ts'
import { createLog } from '../src/log.ts'
import { type ApiServer, startApi } from '../src/server.ts'
import { startRedis, type TestServer, testDatabase } from './servers.ts'

/** A GraphQL answer as a client sees it. */
export interface Answer {
  status: number
  headers: Headers
  data?: Record<string, unknown> | null
  errors?: { message: string; path?: string[]; extensions: { code: string } }[]
  extensions?: { usage?: { units: number; used: number } }
}

/** A root field's data, which must be there. */
export function dataOf<Data>(answer: Answer, field: string): Data {
  const data = answer.data?.[field]
  if (!data) throw new Error(`no ${field} in ${JSON.stringify(answer)}`)
  return data as Data
}

/** A metric of one process, whatever labels all of its metrics carry; NaN where it is not there. */
export async function metricOf(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1])
}

export interface TestApi extends ApiServer {
  url: string
  adminApiKey: string
  db: Db
  redis: TestServer
  environment: Record<string, string>
  /** A fresh account with one key. */
  seed(tier?: string): Promise<{ accountId: string; apiKeyId: string; secret: string }>
  ask(query: string, options?: AskOptions): Promise<Answer>
  /** Ends the API, its servers and its data. */
  end(): Promise<void>
}

export interface AskOptions {
  key?: string | undefined
  variables?: Record<string, unknown>
  headers?: Record<string, string>
}

/** Settings of one API process on servers of its own. */
export async function testEnvironment(redisUrl: string, mongodbUri: string) {
  const dataDir = mkdtempSync(join(tmpdir(), 'getcomplical-api-'))
  return {
    PORT: '0',
    REDIS_URL: redisUrl,
    MONGODB_URI: mongodbUri,
    DATA_DIR: dataDir,
    LOG_LEVEL: 'silent',
    ADMIN_API_KEY: `admin_${randomBytes(18).toString('hex')}`,
    API_KEY_PEPPER: randomBytes(32).toString('base64'),
    ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
  }
}

/**
 * One whole API process inside the test, with a real Redis and MongoDB behind it.
 * @param changes of what the settings say: embedded mode, which here has servers all the same
 */
export async function startTestApi(
  settings: Record<string, string> = {},
  changes: Partial<Config> = {},
): Promise<TestApi> {
  const [redis, database] = await Promise.all([startRedis(), testDatabase()])
  const environment = { ...(await testEnvironment(redis.url, database.uri)), ...settings }
  const config = { ...readConfig(environment), ...changes }
  const api = await startApi(config, createLog('silent', 'test'))
  await api.ready
  const url = `${config.tls ? 'https' : 'http'}://127.0.0.1:${api.port}`
  const { adminApiKey } = config

  const ask: TestApi['ask'] = async (query, { key, variables, headers } = {}) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(key !== undefined && { 'x-api-key': key }),
        ...headers,
      },
      body: JSON.stringify({ query, ...(variables && { variables }) }),
    })
    const body = (await response.json()) as Omit<Answer, 'status' | 'headers'>
    return { ...body, status: response.status, headers: response.headers }
  }

  return {
    ...api,
    url,
    adminApiKey,
    db: database.db,
    redis,
    environment,
    ask,
    async seed(tier = 'pro') {
      const userId = randomBytes(6).toString('hex')
      const created = await ask(
        `mutation($input: CreateAccountInput!) { createAccount(input: $input) { id } }`,
        {
          key: adminApiKey,
          variables: { input: { name: 'Test', email: `${userId}@example.com`, userId } },
        },
      )
      const { id: accountId } = dataOf<{ id: string }>(created, 'createAccount')
      const made = await ask(
        `mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { id } } }`,
        { key: adminApiKey, variables: { input: { accountId, name: 'Test', tier } } },
      )
      type Created = { secret: string; apiKey: { id: string } }
      const { secret, apiKey } = dataOf<Created>(made, 'createApiKey')
      return { accountId, apiKeyId: apiKey.id, secret }
    },
    async end() {
      await api.stop()
      await Promise.all([redis.stop(), database.drop()])
      rmSync(environment.DATA_DIR, { recursive: true, force: true })
    },
  }
}
