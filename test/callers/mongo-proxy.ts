import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Stands between the driver and mongod, and fails as networks do. */
export interface MongoProxy {
  uri: string
  /** While true, whatever carries a change stream is swallowed without a word: TCP notices nothing. */
  swallowStreams: boolean
  /** Connections that were swallowed. */
  swallowed: number
  /** Cuts every connection and refuses new ones, until `restore`. */
  cut(): void
  restore(): void
  close(): Promise<void>
}

/** What only the messages of a database-wide change stream hold. */
const streamMarks = ['$changeStream', '$cmd.aggregate']

/** @param uri of one mongod; the database's name stays */
export async function startMongoProxy(uri: string): Promise<MongoProxy> {
  const target = new URL(uri)
  const sockets = new Set<Socket>()
  let away = false
  const server = createServer((client) => {
    if (away) return client.destroy()
    const upstream = connect(Number(target.port), target.hostname)
    let swallowed = false
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on('data', (chunk) => {
      if (proxy.swallowStreams && streamMarks.some((mark) => chunk.includes(mark)) && !swallowed) {
        swallowed = true
        proxy.swallowed += 1
      }
      if (!swallowed) upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      if (!swallowed) client.write(chunk)
    })
    return undefined
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const destroyAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  const proxy: MongoProxy = {
    // Direct: a replica set would tell the driver its members' own addresses.
    uri: `mongodb://127.0.0.1:${port}${target.pathname}?directConnection=true`,
    swallowStreams: false,
    swallowed: 0,
    cut() {
      away = true
      destroyAll()
    },
    restore() {
      away = false
    },
    async close() {
      destroyAll()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return proxy
}
