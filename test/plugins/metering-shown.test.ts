import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createClient } from 'graphql-ws'
import { useServer } from 'graphql-ws/use/ws'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { callerOf, type MeteredYoga, meteredYoga, newKey } from './metered-yoga.ts'

let world: MeteredYoga

beforeAll(async () => {
  world = await meteredYoga()
})

beforeEach(() => world.reset())

afterAll(() => world.stop())

describe('what an answer says of the quota', () => {
  test('stops at zero where the plan serves above its limit', async () => {
    const key = newKey('paid')
    const answers = []
    for (let i = 0; i < 4; i++) answers.push(await world.ask(key, '{ thing { name } }'))
    expect(
      answers.map(({ extensions }) => [extensions?.usage.used, extensions?.usage.remaining]),
    ).toEqual([
      [1, 1],
      [2, 0],
      [3, 0],
      [4, 0],
    ])
    expect(answers[3]?.headers.get('RateLimit')).toMatch(/^"month";r=0;t=\d+$/)
  })

  test('is the largest number a header can hold where there is no limit', async () => {
    const answer = await world.ask(newKey('endless'), '{ thing { name } }')
    expect(answer.extensions?.usage).toMatchObject({
      units: 1,
      used: 1,
      limit: null,
      remaining: null,
    })
    expect(answer.headers.get('RateLimit-Policy')).toMatch(/^"month";q=999999999999999;w=\d+$/)
    expect(answer.headers.get('RateLimit')).toMatch(/^"month";r=999999999999999;t=\d+$/)
  })

  test('comes over SSE too', async () => {
    const key = newKey()
    const response = await world.fetch(key, '{ thing { name } }', { accept: 'text/event-stream' })
    expect(response.headers.get('RateLimit')).toMatch(/^"month";r=9;t=\d+$/)
    const text = await response.text()
    expect(text).toContain('"usage":{"units":1,"used":1,"limit":10,"remaining":9')
    expect(text).not.toContain('"http"')
    expect(world.spooled).toHaveLength(1)
  })

  test('is counted by code and endpoint for whoever watches', async () => {
    await world.ask(newKey(), '{ thing { name } failing { name } }')
    await world.ask(newKey('tiny', 'a payment failed'), '{ thing { name } }')
    world.spoolIsFull = true
    await world.ask(newKey(), '{ thing { name } }')
    const exported = await world.registry.metrics()
    expect(exported).toMatch(
      /getcomplical_billed_units_total\{endpoint="thing",tier="tiny"\} [1-9]/,
    )
    expect(exported).toMatch(/getcomplical_failed_fields_total\{endpoint="failing"\} [1-9]/)
    for (const code of ['KEY_BLOCKED', 'UNAVAILABLE']) {
      expect(exported).toContain(`getcomplical_refused_operations_total{code="${code}"}`)
    }
  })
})

describe('over WebSocket', () => {
  let http: Server
  let stop: () => unknown
  let url: string
  const key = newKey()

  beforeAll(async () => {
    http = createServer()
    const socketServer = new WebSocketServer({ server: http, path: '/graphql' })
    stop = useServer(
      {
        execute: (args) => (args as never as Runner).run(args),
        subscribe: (args) => (args as never as Runner).run(args),
        async onSubscribe(_context, _id, params) {
          const entrance = { caller: callerOf(key), requestId: 'r1', ip: '127.0.0.1', params }
          const enveloped = world.yoga.getEnveloped(entrance)
          return {
            schema: enveloped.schema,
            document: enveloped.parse(params.query),
            contextValue: await enveloped.contextFactory(),
            variableValues: params.variables,
            run: enveloped.execute,
          } as never
        },
      },
      socketServer,
    ).dispose
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/graphql`
  })

  afterAll(async () => {
    await stop()
    http.close()
  })

  interface Runner {
    run(args: unknown): never
  }

  test('the same is reserved, spooled and said, and refused as a result', async () => {
    const client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0 })
    const results = []
    for (const query of [
      '{ thing { name } failing { name } }',
      '{ a: dear { name } b: dear { name } }',
      '{ dear { name } }',
    ]) {
      for await (const result of client.iterate({ query })) results.push(result)
    }
    expect(results.map(({ extensions }) => extensions)).toMatchObject([
      { usage: { units: 1, used: 1, remaining: 9 } },
      { usage: { units: 8, used: 9, remaining: 1 } },
      { usage: { units: 0, used: 9, remaining: 1 } },
    ])
    expect(results[2]?.data).toBeUndefined()
    expect(world.totals()).toEqual({ thing: [1, 0], failing: [0, 1], dear: [8, 0] })
    await client.dispose()
  })
})
