import { MongoClient } from 'mongodb'
import { REPLICA_SET, startMongodServer } from '../src/embedded/mongod-server.ts'
import { startServer, type TestServer } from './server-process.ts'
import { untilResolves } from './until.ts'

export interface Primary {
  member: TestServer
  /** Of its election; grows with each. */
  term: number
}

/** A real replica set, any member of which may vote and lead. */
export interface ReplicaSet {
  /** As `MONGODB_URI` takes it, naming every member. */
  readonly uri: string
  readonly members: readonly TestServer[]
  /** The member that leads now; rejects while none does. */
  primary(): Promise<Primary>
  /** Settles with the primary of a later term. */
  electedAfter(term: number): Promise<Primary>
  /** Has the primary step down for a minute; settles with its successor. */
  stepDown(): Promise<Primary>
  /** Settles when one member leads and all others follow. */
  healthy(): Promise<void>
  stop(): Promise<void>
}

/** Out of the same mongod binary. */
export async function launchReplicaSet(binary: string, size = 3): Promise<ReplicaSet> {
  const members = await Promise.all(Array.from({ length: size }, () => launchMember(binary)))
  const [first] = members
  if (!first) throw new RangeError('a replica set has at least one member')
  const hosts = members.map(({ port }) => `127.0.0.1:${port}`)

  function memberStates() {
    const replies = members.map(async (member) => {
      const status = await direct(member, { replSetGetStatus: 1 }).catch(() => null)
      return { member, state: Number(status?.myState), term: Number(status?.term) }
    })
    return Promise.all(replies)
  }

  async function primary(): Promise<Primary> {
    const leading = (await memberStates()).filter(({ state }) => state === 1)
    // One that was just voted out may not know it yet: the latest term is right.
    const [latest] = leading.toSorted((a, b) => b.term - a.term)
    if (!latest) throw new Error('no member leads')
    return latest
  }

  const electedAfter = (term: number) =>
    untilResolves(async () => {
      const now = await primary()
      if (now.term <= term) throw new Error(`still the primary of term ${term}`)
      return now
    })

  const healthy = () =>
    untilResolves(async () => {
      const states = (await memberStates()).map(({ state }) => state)
      const following = states.filter((state) => state === 2).length
      if (!states.includes(1) || following !== size - 1) throw new Error(`member states ${states}`)
    })

  await direct(first, {
    replSetInitiate: {
      _id: REPLICA_SET,
      members: hosts.map((host, _id) => ({ _id, host })),
      settings: { electionTimeoutMillis: 2_000, heartbeatIntervalMillis: 500 },
    },
  })
  await healthy()
  return {
    uri: `mongodb://${hosts.join(',')}/getcomplical?replicaSet=${REPLICA_SET}`,
    members,
    primary,
    electedAfter,
    async stepDown() {
      const { member, term } = await primary()
      await direct(member, { replSetStepDown: 60, secondaryCatchUpPeriodSecs: 5 })
      return electedAfter(term)
    },
    healthy,
    stop: async () => void (await Promise.all(members.map((member) => member.stop()))),
  }
}

function launchMember(binary: string): Promise<TestServer> {
  return startServer('mongod', undefined, (port) => `mongodb://127.0.0.1:${port}/`, {
    launch: (dataDir, port) => startMongodServer({ binary, dataDir, port }),
    // Alone it can be no more than up: it has no configuration yet, or no majority.
    ready: (_running, port) =>
      untilResolves(async () => void (await direct({ port }, { ping: 1 }))),
  })
}

/** Asks one member, whatever its state. */
async function direct({ port }: { port: number }, command: Record<string, unknown>) {
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/`, {
    directConnection: true,
    serverSelectionTimeoutMS: 3_000,
    readPreference: 'nearest',
  })
  try {
    return await client.db('admin').command(command)
  } finally {
    await client.close()
  }
}
