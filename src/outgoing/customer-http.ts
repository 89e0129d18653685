import http, { type IncomingMessage } from 'node:http'
import https, { type RequestOptions } from 'node:https'
import { isIPv6, type LookupFunction } from 'node:net'
import { BadInput } from '../rules/bad-input.ts'
import {
  addressInHost,
  checkedCustomerUrl,
  isAllowed,
  isPublicAddress,
  type OutboundAllow,
} from '../rules/public-address.ts'
import { failureInWords, OutgoingError } from './outgoing-error.ts'
import { type ResolveHost, resolveAllowedHost, resolvePublicHost } from './resolve-host.ts'

export interface CustomerHttpOptions {
  /** OUTBOUND_ALLOW. */
  allow: OutboundAllow
  /** Instead of the name servers; hosts in `allow` are looked up as the system does it. */
  resolveHost?: ResolveHost
  /** For all of it: name, connection, TLS, sending and reading. */
  timeoutMs?: number
  /** PEM, in place of the well-known authorities. */
  ca?: string
}

/** One POST. */
export interface CustomerRequest {
  /** As the customer entered it. */
  url: string
  headers: Readonly<Record<string, string>>
  body: string
}

/** What came back, whatever its status. */
export interface CustomerAnswer {
  status: number
  retryAfter: string | null
  /** Up to 64 kB of it; empty where it is not plain text or JSON, or compressed. May be cut anywhere. */
  text: string
}

/**
 * The one way to addresses that customers enter. Redirects are not followed: a 3xx is an answer like any.
 * @throws OutgoingError where nothing answered, or nothing was asked because the address may not be called
 */
export type PostToCustomer = (request: CustomerRequest) => Promise<CustomerAnswer>

const TIMEOUT_MS = 10_000
const ANSWER_BYTES = 65_536
/** Before the next of several addresses is tried; Node's own 250 ms fails on far hosts. */
const ADDRESS_MS = 2_500

export function createCustomerHttp(options: CustomerHttpOptions): PostToCustomer {
  const { allow, resolveHost = resolvePublicHost, timeoutMs = TIMEOUT_MS, ca } = options

  /** Every address is judged, and the connection can go to these only: what a later look-up says is never heard. */
  async function checkedAddresses(url: URL, signal: AbortSignal): Promise<string[]> {
    const allowed = isAllowed(url, allow)
    const literal = addressInHost(url.hostname)
    const resolve = allowed ? resolveAllowedHost : resolveHost
    const found = literal === null ? await resolve(url.hostname, signal) : [literal]
    if (!allowed && !found.every(isPublicAddress)) {
      throw new OutgoingError('the host has an address that is not on the public internet')
    }
    return found
  }

  return async ({ url: text, headers, body }) => {
    const ending = new AbortController()
    const timer = setTimeout(() => ending.abort(), timeoutMs)
    const { signal } = ending
    try {
      const url = checkedCustomerUrl(text, allow)
      const addresses = await beforeAbort(checkedAddresses(url, signal), signal)
      const bytes = Buffer.from(body)
      const request = {
        method: 'POST',
        headers: {
          ...headers,
          'Content-Length': bytes.length,
          'Accept-Encoding': 'identity',
          Connection: 'close',
        },
        signal,
        lookup: pinnedTo(addresses),
        ...(ca !== undefined && { ca }),
      }
      return await exchange(url, request, bytes)
    } catch (error) {
      if (error instanceof OutgoingError) throw error
      if (error instanceof BadInput) throw new OutgoingError(error.message, { cause: error })
      if (signal.aborted) throw new OutgoingError(`no answer within ${timeoutMs / 1_000} s`)
      throw new OutgoingError(failureInWords(error), { cause: error })
    } finally {
      clearTimeout(timer)
    }
  }
}

function exchange(url: URL, options: RequestOptions, body: Buffer): Promise<CustomerAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<CustomerAnswer>()
  const { request, Agent } = url.protocol === 'https:' ? https : http
  // An agent of its own: the shared one keeps connections, and takes proxies from the environment.
  const agent = new Agent({ keepAlive: false, autoSelectFamilyAttemptTimeout: ADDRESS_MS })
  const sent = request(url, { ...options, agent })
  // Once the status is here, an end of any kind only ends the reading.
  let answered = false
  sent.on('response', (response) => {
    answered = true
    readAnswer(response, (text) => {
      const { statusCode: status = 0, headers } = response
      resolve({ status, retryAfter: headers['retry-after'] ?? null, text })
      sent.destroy()
    })
  })
  sent.on('error', (error) => {
    if (!answered) reject(error)
  })
  // Also what ends in a way that is no error to Node, as a switch of protocols does.
  sent.on('close', () => {
    if (!answered) reject(new OutgoingError('the connection was closed without an answer'))
  })
  sent.end(body)
  return promise
}

/**
 * Calls back once, at the end of the answer or where it is cut: at 64 kB, at the deadline, by the other side.
 * The status has come by then, and that is what counts.
 */
function readAnswer(response: IncomingMessage, done: (text: string) => void): void {
  const { 'content-type': type = '', 'content-encoding': encoding } = response.headers
  const readable = encoding === undefined && /^(text\/plain|application\/json)\b/i.test(type)
  const chunks: Buffer[] = []
  let bytes = 0
  const end = () => {
    const read = Buffer.concat(chunks).subarray(0, ANSWER_BYTES)
    done(readable ? read.toString() : '')
  }
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes >= ANSWER_BYTES) response.destroy()
  })
  response.on('error', () => {})
  response.once('close', end)
}

/** For a socket: these addresses, whatever it asks for. */
function pinnedTo(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }))
  return (_hostname, options, callback) => {
    if (options.all) return callback(null, all)
    const [first] = all
    if (first) callback(null, first.address, first.family)
    else callback(new Error('no address'), '', 4)
  }
}

async function beforeAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
