import { mkdirSync } from 'node:fs'
import { type Document, MongoClient, MongoServerError } from 'mongodb'
import { startForeign } from './foreign-process.ts'
import { type RunningProcess, untilReady } from './running-process.ts'

export interface MongodServerOptions {
  binary: string
  /** Folder of the data files; made when missing. */
  dataDir: string
  port: number
  replicaSet?: string
  /** Further arguments. */
  args?: string[]
  onLines?: (lines: Buffer) => void
}

export const REPLICA_SET = 'getcomplical'

/**
 * A mongod that is (or will be, see `mongodReady`) a replica set: transactions need one. Small cache
 * and log of operations, because it shares a developer's machine.
 */
export function startMongodServer(options: MongodServerOptions): RunningProcess {
  mkdirSync(options.dataDir, { recursive: true })
  const parameters = {
    // A dead worker's transaction holds its rows for this long where killSessions is refused.
    transactionLifetimeLimitSeconds: 10,
    // Nobody reads the diagnostic files of an embedded server.
    diagnosticDataCollectionEnabled: false,
    // There is no other member to hand over to.
    shutdownTimeoutMillisForSignaledShutdown: 100,
  }
  const args = [
    ['--dbpath', options.dataDir, '--port', String(options.port), '--bind_ip', '127.0.0.1'],
    ['--replSet', options.replicaSet ?? REPLICA_SET, '--oplogSize', '256', '--nounixsocket'],
    ['--wiredTigerCacheSizeGB', '0.5', '--quiet'],
    Object.entries(parameters).flatMap(([name, value]) => ['--setParameter', `${name}=${value}`]),
    options.args ?? [],
  ].flat()
  return startForeign(options.binary, args, options.onLines)
}

export function mongodUri(port: number, replicaSet = REPLICA_SET): string {
  return `mongodb://127.0.0.1:${port}/getcomplical?replicaSet=${replicaSet}`
}

/**
 * Makes the one-member replica set where there is none, moves it to this port where it was made on
 * another, and waits until it takes writes. Repeating it changes nothing.
 */
export async function mongodReady(
  server: RunningProcess,
  port: number,
  replicaSet = REPLICA_SET,
): Promise<void> {
  await untilReady('mongod', server, 60_000, async () => {
    // A client of its own for each try: one whose first connect was refused stays closed for good.
    const client = new MongoClient(`mongodb://127.0.0.1:${port}/`, {
      directConnection: true,
      serverSelectionTimeoutMS: 1_000,
      connectTimeoutMS: 1_000,
    })
    try {
      return await bringUp(client, port, replicaSet)
    } finally {
      await client.close()
    }
  })
}

/** One step towards a primary on this port; true once it is one. */
async function bringUp(client: MongoClient, port: number, replicaSet: string): Promise<boolean> {
  const admin = client.db('admin')
  const hello = await admin.command({ hello: 1 })
  if (hello.isWritablePrimary) return true
  // Said by a member without a configuration, and by one that is not in its configuration (REMOVED)
  // because the set was made on another port.
  if (!hello.isreplicaset) return false
  const host = `127.0.0.1:${port}`
  const config = await currentConfig(client)
  if (config === null) {
    const members = [{ _id: 0, host }]
    const settings = { electionTimeoutMillis: 1_000 }
    await admin.command({ replSetInitiate: { _id: replicaSet, members, settings } })
  } else if (config.members.length === 1 && config.members[0].host !== host) {
    config.members[0].host = host
    config.version += 1
    await admin.command({ replSetReconfig: config, force: true })
  }
  return false
}

async function currentConfig(client: MongoClient): Promise<Document | null> {
  try {
    return (await client.db('admin').command({ replSetGetConfig: 1 })).config
  } catch (error) {
    if (error instanceof MongoServerError && error.codeName === 'NotYetInitialized') return null
    throw error
  }
}
