import { Cluster, Redis } from 'ioredis'

/** Every command we use exists on both; keys of one command always share a hash tag. */
export type RedisClient = Redis | Cluster

/**
 * ioredis 6 by default queues while away and resends after a reconnect, which stores an XADD twice
 * when only its reply was lost (counting.md, sections 9 and 12). Here a command fails fast and the caller,
 * who knows what is safe to repeat, decides.
 */
const failFast = {
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  commandTimeout: 1_500,
  connectTimeout: 1_000,
} as const

/**
 * Connects in the background and keeps trying; commands fail until it stands.
 * @param url `redis://…`, `rediss://…`, or `redis+cluster://host:port,host:port`
 */
export function connectRedis(url: string): RedisClient {
  const client = url.startsWith('redis+cluster://') ? connectCluster(url) : connectSingle(url)
  // Without a listener ioredis prints every refused connection; each caller sees its own failure.
  client.on('error', () => {})
  return client
}

function connectSingle(url: string): Redis {
  return new Redis(url, {
    ...failFast,
    enableOfflineQueue: false,
    retryStrategy: (attempt) => Math.min(50 * attempt, 500),
  })
}

function connectCluster(url: string): Cluster {
  const { nodes, username, password } = parseClusterUrl(url)
  const cluster = new Cluster(nodes, {
    enableOfflineQueue: false,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    maxRedirections: 3,
    slotsRefreshInterval: 2_000,
    scaleReads: 'master',
    clusterRetryStrategy: (attempt) => Math.min(50 * attempt, 500),
    redisOptions: { ...failFast, ...(username && { username }), ...(password && { password }) },
  })
  // ioredis connects to a node with the first command for it, and refuses the second meanwhile.
  cluster.on('+node', (node: Redis) => node.connect().catch(() => {}))
  return cluster
}

/** `redis+cluster://user:pass@h1:7000,h2:7001`; WHATWG URL knows no host lists, so by hand. */
export function parseClusterUrl(url: string): {
  nodes: { host: string; port: number }[]
  username?: string
  password?: string
} {
  const match = /^redis\+cluster:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^/@]+)\/?$/.exec(url)
  if (!match) throw new Error('not of the form redis+cluster://host:port,host:port')
  const [, username, password, hosts = ''] = match
  const nodes = hosts.split(',').map((entry) => {
    const at = entry.lastIndexOf(':')
    const port = Number(entry.slice(at + 1))
    if (at < 1 || !Number.isInteger(port)) throw new Error(`"${entry}" is not host:port`)
    return { host: entry.slice(0, at).replace(/^\[|\]$/g, ''), port }
  })
  return {
    nodes,
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
  }
}
