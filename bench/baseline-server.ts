/**
 * What the full pipeline is compared with: `node bench/baseline-server.ts <kind> [redisUrl]`. The same
 * schema and resolvers, unmetered, for anybody; prints its port.
 *
 *   yoga      Yoga as it comes out of the box
 *   placebo   lean Yoga (what our own transport turns off is off) that only defers each answer by a tick
 *   hincrby   the same lean Yoga that awaits three HINCRBY a call instead
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createYoga, type Plugin, type YogaServerOptions } from 'graphql-yoga'
import { Redis } from 'ioredis'
import type { Context } from '../src/context.ts'
import { createTaxHistory } from '../src/rules/tax/tax-history.ts'
import { buildSchema } from '../src/schema/schema.ts'
import { loadTaxData } from '../src/store/tax-data.ts'

const [kind = '', redisUrl = ''] = process.argv.slice(2)
const taxHistory = createTaxHistory(loadTaxData(join(import.meta.dirname, '../data/tax')), Date.now)
// The tax resolvers ask for nothing else.
const context = {
  deps: { taxHistory },
  caller: { kind: 'anonymous' },
  requestId: '',
} as unknown as Context

const lean: YogaServerOptions<object, object> = {
  ...{ maxRequestBodySize: false, multipart: false, cors: false, batching: false },
  ...{ graphiql: false, landingPage: false, logging: false },
}

function deferring(wait: () => Promise<unknown>): Plugin {
  return {
    onExecute: ({ executeFn, setExecuteFn }) =>
      setExecuteFn(async (args) => {
        const result = await executeFn(args)
        await wait()
        return result
      }),
  }
}

function counting(): Plugin {
  const redis = new Redis(redisUrl)
  let key = 0
  return deferring(async () => {
    key = (key + 1) % 64
    await redis.hincrby(`bench:${key}:hour`, 'taxDates', 1)
    await redis.hincrby(`bench:${key}:day`, 'taxDates', 1)
    await redis.hincrby(`bench:${key}:month`, 'taxDates', 1)
  })
}

const placebo = () => deferring(() => new Promise((resolve) => setImmediate(resolve)))
const options: Record<string, () => YogaServerOptions<object, object>> = {
  yoga: () => ({}),
  placebo: () => ({ ...lean, plugins: [placebo()] }),
  hincrby: () => ({ ...lean, plugins: [counting()] }),
}
const chosen = options[kind]
if (!chosen) throw new Error(`unknown kind ${kind}`)
const yoga = createYoga({ schema: buildSchema(), context, ...chosen() })
const server = createServer(yoga)
server.listen(0, '127.0.0.1', () => {
  console.log(`listening ${(server.address() as AddressInfo).port}`)
})
