import { join } from 'node:path'
import { type Logger, pino } from 'pino'
import type { Caller, Deps } from '../../src/context.ts'
import { defaultQueryLimits } from '../../src/rules/query-cost.ts'
import { createTaxHistory } from '../../src/rules/tax/tax-history.ts'
import { loadTaxData } from '../../src/store/tax-data.ts'
import { makeYoga, type YogaParts } from '../../src/yoga.ts'

export interface Shown {
  status: number
  headers: Headers
  text: string
  data?: Record<string, unknown> | null
  codes: string[]
}

export interface GuardedOptions extends Partial<YogaParts> {
  /** Who asks; asked anew for every request. */
  caller?: () => Caller
  log?: Logger
  /** In place of what the resolvers of tax data read. */
  taxHistory?: Deps['taxHistory']
  clock?: () => number
  /** Hears whose dates were asked for. */
  datesRead?: Deps['callers']['datesRead']
}

const taxHistory = createTaxHistory(
  loadTaxData(join(import.meta.dirname, '../../data/tax')),
  Date.now,
)

/** The whole pipeline as `yoga.ts` makes it, without a port, a database or metering. */
export function guardedYoga(options: GuardedOptions = {}) {
  const { caller = () => ({ kind: 'anonymous' }), log = pino({ level: 'silent' }) } = options
  const deps = {
    taxHistory: options.taxHistory ?? taxHistory,
    clock: options.clock ?? Date.now,
    log,
    callers: { resolveCaller: caller, datesRead: options.datesRead ?? (() => {}) },
  } as unknown as Deps
  const yoga = makeYoga(deps, {
    metering: [],
    production: false,
    streams: { watch: { watch: () => () => {}, stop() {} }, closing: new AbortController().signal },
    ...options,
    limits: {
      ...defaultQueryLimits,
      executionTimeoutMs: 10_000,
      maxBodyBytes: 100_000,
      unmeteredPerSecond: 1_000,
      ...options.limits,
    },
  })
  const entrance = {
    requestId: 'r1',
    ip: '192.0.2.1',
    credentials: { apiKeys: [], authorization: [], apiKeyId: [] },
  }

  async function send(init: RequestInit): Promise<Shown> {
    const response = await yoga.fetch('http://localhost/graphql', init, entrance as never)
    const text = await response.text()
    const json = response.headers.get('content-type')?.includes('json')
    const body = json ? (JSON.parse(text) as Record<string, unknown>) : {}
    const errors = (body.errors ?? []) as { extensions: { code: string } }[]
    return {
      status: response.status,
      headers: response.headers,
      text,
      ...('data' in body && { data: body.data as Record<string, unknown> }),
      codes: errors.map(({ extensions }) => extensions.code),
    }
  }

  return {
    yoga,
    send,
    ask(query: string, variables: Record<string, unknown> = {}, accept = 'application/json') {
      const body = JSON.stringify({ query, variables })
      const length = String(Buffer.byteLength(body))
      const headers = { 'content-type': 'application/json', 'content-length': length, accept }
      return send({ method: 'POST', headers, body })
    },
  }
}
