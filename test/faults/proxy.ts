import { connect, createServer, type Socket } from 'node:net'

/** A TCP proxy between a child and a server, with faults on the wire. */
export interface WireProxy {
  readonly port: number
  /**
   * The next `count` replies are lost: the request reaches the server, its answer is thrown away and
   * the connection cut. Only requests that contain `containing` are waited for.
   */
  loseReplies(count: number, containing: string): void
  /** Replies lost so far. */
  lost(): number
  /** Calls once when a request contains the text, before it is forwarded; it never is. */
  holdAt(containing: string, then: () => void): void
  /** Once a request contains the text, it and all after it wait until the function given is called. */
  pauseAt(containing: string, then: (goOn: () => void) => void): void
  /** From now on each reply comes so much later, ms. */
  delayReplies(ms: number): void
  close(): Promise<void>
}

export async function startProxy(targetPort: number): Promise<WireProxy> {
  const sockets = new Set<Socket>()
  let toLose = 0
  let trigger = ''
  let lost = 0
  let delayMs = 0
  let hold: { containing: string; then: () => void } | null = null
  let pause: { containing: string; then: (goOn: () => void) => void } | null = null

  const server = createServer((client) => {
    const target = connect(targetPort, '127.0.0.1')
    let losing = false
    let held = false
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(from)
      from.setNoDelay(true)
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
    client.on('data', (chunk) => {
      if (held) return
      if (hold && chunk.includes(hold.containing)) {
        const { then } = hold
        hold = null
        held = true
        return then()
      }
      if (pause && chunk.includes(pause.containing)) {
        const { then } = pause
        pause = null
        client.pause()
        then(() => {
          target.write(chunk)
          client.resume()
        })
        return
      }
      if (toLose > 0 && !losing && chunk.includes(trigger)) {
        losing = true
        toLose--
      }
      target.write(chunk)
    })
    target.on('data', (chunk) => {
      if (!losing && delayMs > 0) return void setTimeout(() => client.write(chunk), delayMs)
      if (!losing) return void client.write(chunk)
      lost++
      client.destroy()
      target.destroy()
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    port: (server.address() as { port: number }).port,
    loseReplies(count, containing) {
      toLose += count
      trigger = containing
    },
    lost: () => lost,
    holdAt(containing, then) {
      hold = { containing, then }
    },
    pauseAt(containing, then) {
      pause = { containing, then }
    },
    delayReplies(ms) {
      delayMs = ms
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((done) => server.close(done))
    },
  }
}
