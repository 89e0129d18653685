import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as a provider's stand-in sees it. */
export interface ProviderCall {
  method: string
  path: string
  query: URLSearchParams
  headers: IncomingMessage['headers']
  body: string
}

export interface Reply {
  status: number
  body?: unknown
  headers?: Record<string, string>
}

/**
 * What goes wrong with a request. `before`: the connection is cut, and nothing is done. `after`: it is done,
 * and the answer is lost. `hang`: done, and never answered. A reply is sent in place of doing anything;
 * `late` is done first.
 */
export type WireFault =
  | 'before'
  | 'after'
  | 'hang'
  | { reply: Reply }
  | { late: Reply }
  /** Text in place of the answer, after it was done. */
  | { nonsense: string }

export interface ProviderWire {
  /** Origin. */
  url: string
  calls: ProviderCall[]
  /** Of the requests to come that fit, the next ones meet these, one each. */
  fail(fits: (call: ProviderCall) => boolean, ...faults: WireFault[]): void
  /** Called with each request before anything else happens with it. */
  onCall: (call: ProviderCall) => void | Promise<void>
  /** How many faults have not been met yet. */
  faultsLeft(): number
  /** None of them will be. */
  works(): void
  stop(): Promise<void>
}

/** An HTTP server over real sockets that answers with what `answer` says, or fails as it was told to. */
export async function startProviderWire(
  answer: (call: ProviderCall) => Reply,
): Promise<ProviderWire> {
  const calls: ProviderCall[] = []
  const waiting: { fits: (call: ProviderCall) => boolean; fault: WireFault }[] = []
  const server = createServer((request, response) => {
    response.on('error', () => {})
    void readCall(request).then(async (call) => {
      calls.push(call)
      await wire.onCall(call)
      const at = waiting.findIndex(({ fits }) => fits(call))
      const [met] = at < 0 ? [] : waiting.splice(at, 1)
      respond(response, () => answer(call), met?.fault)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const wire: ProviderWire = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    onCall() {},
    fail(fits, ...faults) {
      waiting.push(...faults.map((fault) => ({ fits, fault })))
    },
    faultsLeft: () => waiting.length,
    works() {
      waiting.length = 0
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
  return wire
}

async function readCall(request: IncomingMessage): Promise<ProviderCall> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const { method = '', url = '', headers } = request
  const { pathname: path, searchParams: query } = new URL(url, 'http://stand-in')
  return { method, path, query, headers, body: Buffer.concat(chunks).toString() }
}

function respond(response: ServerResponse, answer: () => Reply, fault?: WireFault): void {
  if (typeof fault === 'object' && 'reply' in fault) {
    send(response, fault.reply)
    return
  }
  const reply = fault === 'before' ? null : answer()
  if (fault === 'before' || fault === 'after') response.destroy()
  else if (typeof fault === 'object' && 'late' in fault) send(response, fault.late)
  else if (typeof fault === 'object') response.writeHead(200).end(fault.nonsense)
  else if (reply && fault !== 'hang') send(response, reply)
}

function send(response: ServerResponse, { status, body, headers }: Reply): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(body === undefined ? '' : JSON.stringify(body))
}
