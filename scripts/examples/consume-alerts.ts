import { hostname } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Cluster, Redis } from 'ioredis'
import { parseClusterUrl } from '../../src/streams/redis.ts'

const usage = `npm run example:consume-alerts [-- <options>]

Reads a topic as a consumer group and prints each event once, a JSON line each. Copy it: it shows what a consumer of
ours must do (PROTOCOL.md).
  --topic <name>     customer-alerts (default), billing-events or tax-date-changes
  --redis <url>      redis://…, rediss://… or redis+cluster://host:port,host:port; default: REDIS_URL
  --group <name>     who shares the work (default: example)
  --consumer <name>  this process among them; keep it over restarts (default: the host's name)
  --once             ends when nothing is left
  -h, --help         this`

const TOPICS = ['customer-alerts', 'billing-events', 'tax-date-changes']
const AT_ONCE = 50
const BLOCK_MS = 2_000
/** What a consumer took and did not acknowledge for so long is somebody else's: that consumer is dead. */
const ABANDONED_MS = 60_000
/** Longer than events stay in the stream. */
const REMEMBERED_S = 31 * 86_400

type Entry = [id: string, fields: string[] | null]

/** CloudEvents 1.0; PROTOCOL.md lists what `data` holds. */
interface TopicEvent {
  id: string
  data: Record<string, unknown>
}

interface Consumer {
  redis: Redis | Cluster
  /** Also the key of its stream. */
  topic: string
  group: string
  name: string
}

/** Whatever should happen with an event. It may happen again: make it safe to repeat, or tell doubles by `id`. */
function handle(event: TopicEvent): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(`${JSON.stringify(event)}\n`, (error) =>
      error ? reject(error) : resolve(),
    )
  })
}

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h' },
    once: { type: 'boolean' },
    topic: { type: 'string', default: 'customer-alerts' },
    redis: { type: 'string', default: process.env.REDIS_URL },
    group: { type: 'string', default: 'example' },
    consumer: { type: 'string', default: hostname() },
  },
})

if (values.help) console.log(usage)
else if (!values.redis) {
  console.error('Say where Redis is: --redis <url>, or REDIS_URL. `npm start` prints its own.')
  process.exitCode = 1
} else if (!TOPICS.includes(values.topic)) {
  console.error(`There is no topic ${values.topic}; there are ${TOPICS.join(', ')}.`)
  process.exitCode = 1
} else {
  const { topic, group, consumer: name } = values
  await run(values.redis, { topic, group, name }, values.once ?? false)
}

async function run(url: string, who: Omit<Consumer, 'redis'>, once: boolean): Promise<void> {
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort())
  const redis = connect(url)
  try {
    await consume({ redis, ...who }, once, stopping.signal)
  } finally {
    redis.disconnect()
  }
}

/** A read whose answer was lost is not sent again: what it took is found among the unacknowledged. */
function connect(url: string): Redis | Cluster {
  const failFast = {
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 5_000,
    // Or a frozen server would be waited out.
    blockingTimeout: BLOCK_MS + 5_000,
  }
  const cluster = url.startsWith('redis+cluster://') ? parseClusterUrl(url) : null
  const { nodes, ...credentials } = cluster ?? { nodes: [] }
  const redis = cluster
    ? new Cluster(nodes, { redisOptions: { ...failFast, ...credentials } })
    : new Redis(url, failFast)
  // Each command says it too.
  redis.on('error', () => {})
  return redis
}

async function consume(consumer: Consumer, once: boolean, stopping: AbortSignal): Promise<void> {
  // Before anything new: what this consumer took and did not acknowledge when it last ended.
  let recovered = false
  let failing = false
  while (!stopping.aborted) {
    try {
      const entries = recovered ? await next(consumer, once) : await unacknowledged(consumer)
      for (const entry of entries) await take(consumer, entry)
      if (entries.length === 0 && recovered && once) return
      if (entries.length === 0) recovered = true
      failing = false
    } catch (error) {
      recovered = false
      if (await startGroup(consumer, error)) continue
      if (!failing) say(`trying again until Redis answers: ${error}`)
      failing = true
      await setTimeout(1_000, undefined, { signal: stopping }).catch(() => {})
    }
  }
}

async function unacknowledged({ redis, topic, group, name }: Consumer): Promise<Entry[]> {
  const count = ['COUNT', AT_ONCE] as const
  return entriesOf(await redis.xreadgroup('GROUP', group, name, ...count, 'STREAMS', topic, '0'))
}

/** What a dead consumer left, else what is new. */
async function next({ redis, topic, group, name }: Consumer, once: boolean): Promise<Entry[]> {
  const count = ['COUNT', AT_ONCE] as const
  const claimed = await redis.xautoclaim(topic, group, name, ABANDONED_MS, '0', ...count)
  const left = (claimed as [cursor: string, entries: Entry[]])[1]
  if (left.length > 0) return left
  return entriesOf(
    once
      ? await redis.xreadgroup('GROUP', group, name, ...count, 'STREAMS', topic, '>')
      : await redis.xreadgroup(
          ...(['GROUP', group, name, ...count, 'BLOCK', BLOCK_MS, 'STREAMS', topic, '>'] as const),
        ),
  )
}

function entriesOf(reply: unknown): Entry[] {
  return (reply as [stream: string, entries: Entry[]][] | null)?.[0]?.[1] ?? []
}

/** At the first start, and where Redis lost the stream: with all that the stream holds then. */
async function startGroup({ redis, topic, group }: Consumer, error: unknown): Promise<boolean> {
  if (!(error instanceof Error && error.message.startsWith('NOGROUP'))) return false
  const created = redis.xgroup('CREATE', topic, group, '0', 'MKSTREAM')
  return await created.then(
    () => true,
    () => false,
  )
}

/**
 * Delivered is at least once: a consumer may die between handling and acknowledging, and a Redis that lost the
 * stream is filled again. So the ids of handled events are kept beside the stream.
 */
async function take({ redis, topic, group }: Consumer, [entry, fields]: Entry): Promise<void> {
  // What was trimmed meanwhile has no fields any more.
  const event = fields === null ? null : eventOf(fields)
  const seen = `seen:{${topic}}:${group}:${event?.id}`
  if (event !== null && (await redis.exists(seen)) === 0) {
    await handle(event)
    await redis.set(seen, entry, 'EX', REMEMBERED_S)
  } else if (event !== null) say(`told before, left out: ${event.id}`)
  await redis.xack(topic, group, entry)
}

/** Null where it is no event of ours: acknowledged too, or it would come again for ever. */
function eventOf(fields: readonly string[]): TopicEvent | null {
  const at = fields.findIndex((name, index) => index % 2 === 0 && name === 'event')
  try {
    const event = JSON.parse(fields[at + 1] ?? '')
    return event?.specversion === '1.0' && typeof event.id === 'string' ? event : null
  } catch {
    return null
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}
