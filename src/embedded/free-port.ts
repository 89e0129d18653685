import { createServer } from 'node:net'

/**
 * A TCP port on 127.0.0.1 that was free a moment ago: `preferred` where it is, else any.
 * @param except ports that are promised to somebody who does not listen yet
 */
export async function freePort(
  preferred?: number,
  except: readonly number[] = [],
): Promise<number> {
  if (preferred && !except.includes(preferred) && (await whyTaken(preferred)) === null) {
    return preferred
  }
  for (;;) {
    const port = await listenOnce(0, '127.0.0.1')
    if (!except.includes(port)) return port
  }
}

/** Why nobody can listen there now, as a sentence; null: it is free. */
export async function whyTaken(port: number, host = '127.0.0.1'): Promise<string | null> {
  try {
    await listenOnce(port, host)
    return null
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EADDRINUSE') return `Port ${port} on ${host} is taken by another program.`
    if (code === 'EACCES') return `Port ${port} needs more rights than this user has.`
    return `Nobody can listen on ${host}, port ${port} (${String(code ?? error)}).`
  }
}

function listenOnce(port: number, host: string): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer()
    server.on('error', fail)
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address()
      const taken = typeof address === 'object' && address ? address.port : port
      server.close(() => done(taken))
    })
  })
}
