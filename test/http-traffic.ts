import { setTimeout } from 'node:timers/promises'
import type { Db } from 'mongodb'
import { type UsageCell, usageCells } from '../src/store/usage-cells.ts'
import { integer } from './faults/random.ts'
import type { CreatedKey } from './product.ts'

export interface Outcome {
  /** 0: no answer came. */
  status: number
  code: string | null
  ms: number
}

/** Clients of the API over HTTP who keep a ledger of what they were answered. */
export interface HttpTraffic {
  /** One metered call by this key to any process, of one to five units and one or two endpoints. */
  call(key: CreatedKey): Promise<Outcome>
  /** One metered call of exactly one unit. */
  callOnce(key: CreatedKey): Promise<Outcome>
  /**
   * Calls a second at random by these keys, until it is called with 0; fewer where the answers are late,
   * so that a busy machine is not given more than it can do.
   */
  flow(callsPerSecond: number, keys?: readonly CreatedKey[]): void
  /** Settles when no call is under way. */
  idle(): Promise<void>
  answered(): number
  /** Units answered, of one key. */
  unitsOf(apiKeyId: string): number
  /** Calls that were not answered, by `status code`. */
  readonly refused: ReadonlyMap<string, number>
  /** Slowest answer of `flow` since it was last asked, ms. */
  takeSlowest(): number
  /** Compares the ledger with every hour, day and month, until they agree for a while or time is up. */
  settle(db: Db, ms: number): Promise<Verdict>
}

export interface Verdict {
  /** Units. */
  lost: number
  double: number
  /** What does not agree, in words. */
  faults: string[]
}

const mostUnderWay = 24

type Billed = Record<string, number>

export function createHttpTraffic(options: {
  /** Asked on each call: processes come and go. */
  urls: () => readonly string[]
  random: () => number
}): HttpTraffic {
  const { random } = options
  /** Units by key and endpoint. */
  const ledger = new Map<string, Map<string, number>>()
  const refused = new Map<string, number>()
  const underWay = new Set<Promise<unknown>>()
  let answered = 0
  let slowest = 0
  let timer: NodeJS.Timeout | undefined

  async function send(key: CreatedKey, request: Request, billed: Billed): Promise<Outcome> {
    const began = performance.now()
    const { status, code } = await answerTo(request)
    const ms = performance.now() - began
    if (status === 200 && code === null) {
      answered++
      const units = ledger.get(key.id) ?? new Map<string, number>()
      ledger.set(key.id, units)
      for (const [endpoint, n] of Object.entries(billed)) {
        units.set(endpoint, (units.get(endpoint) ?? 0) + n)
      }
    } else {
      const name = `${status} ${code}`
      refused.set(name, (refused.get(name) ?? 0) + 1)
    }
    return { status, code, ms }
  }

  const anyUrl = () => {
    const urls = options.urls()
    return urls[integer(random, 0, urls.length - 1)] ?? ''
  }

  function graphql(key: CreatedKey, billed: Billed): Promise<Outcome> {
    const fields = Object.entries(billed).flatMap(([endpoint, units]) => {
      const field =
        endpoint === 'countries' ? 'countries { code }' : 'obligations(country: NZ) { id }'
      return Array.from({ length: units }, (_, i) => `${endpoint}${i}: ${field}`)
    })
    const request = new Request(`${anyUrl()}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': key.secret },
      body: JSON.stringify({ query: `{ ${fields.join(' ')} }` }),
    })
    return send(key, request, billed)
  }

  function rest(key: CreatedKey): Promise<Outcome> {
    const path = '/api/v1/tax-dates'
    const request = new Request(`${anyUrl()}${path}?country=NZ&year=2025&first=1`, {
      headers: { 'x-api-key': key.secret },
    })
    return send(key, request, { [`GET ${path}`]: 1 })
  }

  /** Of random size, so that one call lost and another doubled seldom cancel out. */
  function call(key: CreatedKey): Promise<Outcome> {
    const [countries, obligations] = [integer(random, 0, 3), integer(random, 0, 2)]
    if (countries + obligations === 0) return rest(key)
    return graphql(key, {
      ...(countries > 0 && { countries }),
      ...(obligations > 0 && { obligations }),
    })
  }

  function flow(callsPerSecond: number, keys: readonly CreatedKey[] = []): void {
    clearInterval(timer)
    if (callsPerSecond === 0) return
    const began = performance.now()
    let due = 0
    timer = setInterval(() => {
      const until = ((performance.now() - began) * callsPerSecond) / 1_000
      for (; due < until; due++) {
        const key = keys[integer(random, 0, keys.length - 1)]
        if (!key || underWay.size >= mostUnderWay) continue
        const called = call(key).then(({ ms }) => {
          slowest = Math.max(slowest, ms)
          underWay.delete(called)
        })
        underWay.add(called)
      }
    }, 5)
  }

  async function settle(db: Db, ms: number): Promise<Verdict> {
    const deadline = performance.now() + ms
    let calm = 0
    let verdict: Verdict
    do {
      await setTimeout(250)
      verdict = await compare(db, ledger).catch(unreachable)
      // What is counted twice comes late, so agreement must last.
      calm = verdict.faults.length === 0 ? calm + 1 : 0
    } while (calm < 6 && performance.now() < deadline)
    return verdict
  }

  return {
    call,
    callOnce: (key) => graphql(key, { countries: 1 }),
    flow,
    idle: async () => void (await Promise.all(underWay)),
    answered: () => answered,
    unitsOf: (apiKeyId) => [...(ledger.get(apiKeyId)?.values() ?? [])].reduce((a, b) => a + b, 0),
    refused,
    takeSlowest() {
      const was = slowest
      slowest = 0
      return was
    },
    settle,
  }
}

async function answerTo(request: Request): Promise<{ status: number; code: string | null }> {
  try {
    const response = await fetch(request)
    const body = (await response.json()) as {
      code?: string
      errors?: { extensions: { code: string } }[]
    }
    const code = body.code ?? body.errors?.[0]?.extensions.code ?? null
    return { status: response.status, code }
  } catch (error) {
    return { status: 0, code: error instanceof Error ? error.message : String(error) }
  }
}

function unreachable(error: unknown): Verdict {
  return { lost: 0, double: 0, faults: [`MongoDB cannot be read: ${error}`] }
}

/** Each grain by itself must say what the ledger says, key by key and endpoint by endpoint. */
async function compare(db: Db, ledger: Map<string, Map<string, number>>): Promise<Verdict> {
  const verdict: Verdict = { lost: 0, double: 0, faults: [] }
  for (const [grain, cells] of Object.entries(usageCells(db))) {
    const counted = sumsOf(await cells.find().toArray())
    const expected = sumsOf(
      [...ledger].map(([apiKeyId, units]) => ({ apiKeyId, endpoints: Object.fromEntries(units) })),
    )
    for (const name of new Set([...counted.keys(), ...expected.keys()])) {
      const [got, wanted] = [counted.get(name) ?? 0, expected.get(name) ?? 0]
      if (got === wanted) continue
      verdict.faults.push(`${grain} of ${name}: ${wanted} units answered, ${got} counted`)
      if (grain !== 'months') continue
      verdict.lost += Math.max(0, wanted - got)
      verdict.double += Math.max(0, got - wanted)
    }
  }
  return verdict
}

function sumsOf(cells: readonly Pick<UsageCell, 'apiKeyId' | 'endpoints'>[]): Map<string, number> {
  const sums = new Map<string, number>()
  for (const { apiKeyId, endpoints } of cells) {
    for (const [endpoint, units] of Object.entries(endpoints)) {
      const name = `${apiKeyId} ${endpoint}`
      sums.set(name, (sums.get(name) ?? 0) + units)
    }
  }
  return sums
}
