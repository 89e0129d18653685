import { rmSync } from 'node:fs'
import { join } from 'node:path'
import slotOf from 'cluster-key-slot'
import { Redis } from 'ioredis'
import { freePort } from '../src/embedded/free-port.ts'
import { partitionCount, usageStream } from '../src/rules/partition.ts'
import { launchRedis, type TestServer } from './server-process.ts'
import { untilResolves } from './until.ts'

/** One master, whose share of the slots nobody else holds. */
export interface ClusterNode extends TestServer {
  /** Partitions whose keys lie in its slots. */
  readonly partitions: readonly number[]
  /** To this node alone; fails fast while it is away. */
  readonly client: Redis
  /** Uncommitted usage entries of its partitions. */
  waiting(): Promise<number>
  /** Removes the data of a node that is down; what it knows of the cluster stays. */
  empty(): void
}

/** A real Redis Cluster of masters alone: a dead one is replaced by nobody, so its slots are away. */
export interface RedisCluster {
  /** As `REDIS_URL` takes it, naming every node. */
  readonly url: string
  readonly nodes: readonly ClusterNode[]
  /** Settles when each of these nodes says that it serves its slots and sees all others alive. */
  healthy(): Promise<void>
  stop(): Promise<void>
}

const slotCount = 16_384
const settings = {
  'cluster-enabled': 'yes',
  'cluster-node-timeout': '1000',
  // Or one dead master would take all others with it (counting.md, section 12).
  'cluster-require-full-coverage': 'no',
}

/** Out of the same redis-server binary; slots split evenly. */
export async function launchRedisCluster(binary: string, masters = 3): Promise<RedisCluster> {
  const launched = await Promise.all(
    Array.from({ length: masters }, (_, i) => launchNode(binary, i, masters)),
  )
  const nodes = launched.map(({ node }) => node)
  for (const [i, { node, busPort, slots }] of launched.entries()) {
    await node.client.call('CLUSTER', 'ADDSLOTSRANGE', ...slots)
    await node.client.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1)
    if (i > 0) await nodes[0]?.client.call('CLUSTER', 'MEET', '127.0.0.1', node.port, busPort)
  }
  const healthy = () =>
    untilResolves(async () => {
      for (const { client } of nodes) await checkHealth(client, masters)
    })
  await healthy()
  return {
    url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    nodes,
    healthy,
    async stop() {
      for (const { client } of nodes) client.disconnect()
      await Promise.all(nodes.map((node) => node.stop()))
    },
  }
}

async function launchNode(binary: string, i: number, masters: number) {
  const border = (n: number) => Math.ceil((n * slotCount) / masters)
  const slots = [border(i), border(i + 1) - 1] as const
  // Redis' own choice, port + 10000, may lie above the last port there is.
  const busPort = await freePort()
  const server = await launchRedis(binary, {
    settings: { ...settings, 'cluster-port': String(busPort) },
  })
  const client = new Redis(server.port, '127.0.0.1', {
    maxRetriesPerRequest: 0,
    retryStrategy: () => 50,
  })
  client.on('error', () => {})
  const partitions = Array.from({ length: partitionCount }, (_, p) => p).filter((p) => {
    const slot = slotOf(usageStream(p))
    return slot >= slots[0] && slot <= slots[1]
  })
  const node: ClusterNode = {
    ...server,
    client,
    partitions,
    async waiting() {
      const lengths = partitions.map((p) => client.xlen(usageStream(p)))
      return (await Promise.all(lengths)).reduce((sum, length) => sum + length, 0)
    },
    empty: () => rmSync(join(server.dataDir, 'appendonlydir'), { recursive: true }),
  }
  return { node, busPort, slots }
}

async function checkHealth(client: Redis, size: number): Promise<void> {
  const info = String(await client.cluster('INFO'))
  const peers = String(await client.cluster('NODES'))
    .trim()
    .split('\n')
  const alive = peers.filter((line) => !/fail|handshake|noaddr/.test(line)).length
  const whole = /cluster_state:ok/.test(info) && info.includes(`cluster_slots_ok:${slotCount}`)
  if (!whole || alive !== size) throw new Error(`not whole yet:\n${info}${peers.join('\n')}`)
}
