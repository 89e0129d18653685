import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { freePort } from '../../src/embedded/free-port.ts'

/** The network between a browser and the product: a port of its own, which can fail in both ways that there are. */
export interface Network {
  readonly port: number
  /** Every connection ends, and none is let in. */
  cut(): void
  /** Connections stand, and nothing goes through any more: no word of an end either. */
  silence(): void
  /** New connections work again; those that were silenced stay so. */
  restore(): void
  close(): Promise<void>
}

/** @param target port of the product, which need not listen yet */
export async function startNetwork(target: number): Promise<Network> {
  const open = new Set<Socket>()
  let isCut = false
  const server = createServer((client) => {
    if (isCut) return void client.destroy()
    const product = connect(target, '127.0.0.1')
    for (const [from, to] of [
      [client, product],
      [product, client],
    ] as const) {
      open.add(from)
      from.setNoDelay(true)
      from.on('error', () => {})
      from.on('close', () => {
        open.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
  })
  server.listen(await freePort(), '127.0.0.1')
  await once(server, 'listening')
  const endAll = () => {
    for (const socket of open) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      isCut = true
      endAll()
    },
    silence() {
      for (const socket of open) socket.unpipe().pause()
    },
    restore() {
      isCut = false
    },
    async close() {
      endAll()
      await new Promise((done) => server.close(done))
    },
  }
}
