import type { IncomingHttpHeaders } from 'node:http'
import { BlockList, isIP } from 'node:net'

/** Where a request comes from, as far as it can be believed. */
export interface ClientAddress {
  /** The client, behind trusted proxies. */
  ip: string
  /** Over TLS, here or at a trusted proxy. */
  secure: boolean
  /** Straight from this machine, forwarded by nobody. */
  loopback: boolean
  /** The connection is a trusted proxy's. */
  proxied: boolean
}

export interface Connection {
  remoteAddress: string | undefined
  /** Set on TLS sockets. */
  encrypted?: boolean
  headers: IncomingHttpHeaders
}

const forwardedHeaders = ['forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'x-real-ip', 'via']

/**
 * Forwarded headers count only on connections from these networks: anybody can send them. Of
 * X-Forwarded-For the last address counts that is no trusted proxy, because each proxy appends the
 * address it saw.
 */
export function createClientAddress(
  trustedNetworks: readonly Network[],
): (connection: Connection) => ClientAddress {
  const trusted = blockListOf(trustedNetworks)
  return ({ remoteAddress, encrypted = false, headers }) => {
    const peer = plainIp(remoteAddress ?? '')
    if (!contains(trusted, peer)) {
      const loopback = isLoopback(peer) && !forwardedHeaders.some((name) => headers[name])
      return { ip: peer, secure: encrypted, loopback, proxied: false }
    }
    const chain = String(headers['x-forwarded-for'] ?? '').split(',')
    const hops = chain.map((hop) => plainIp(hop.trim())).filter((hop) => isIP(hop) > 0)
    const ip = hops.findLast((hop) => !contains(trusted, hop)) ?? hops[0] ?? peer
    const scheme = String(headers['x-forwarded-proto'] ?? '').split(',')[0]
    const secure = encrypted || scheme?.trim().toLowerCase() === 'https'
    return { ip, secure, loopback: false, proxied: true }
  }
}

export interface Network {
  address: string
  /** Bits. */
  prefix: number
  family: 'ipv4' | 'ipv6'
}

function blockListOf(networks: readonly Network[]): BlockList {
  const list = new BlockList()
  for (const { address, prefix, family } of networks) list.addSubnet(address, prefix, family)
  return list
}

const loopbackNetworks = blockListOf([
  { address: '127.0.0.0', prefix: 8, family: 'ipv4' },
  { address: '::1', prefix: 128, family: 'ipv6' },
])

export function isLoopback(ip: string): boolean {
  return contains(loopbackNetworks, plainIp(ip))
}

function contains(list: BlockList, ip: string): boolean {
  const family = isIP(ip)
  return family > 0 && list.check(ip, family === 6 ? 'ipv6' : 'ipv4')
}

/** IPv4 as itself where the socket listens on both families (`::ffff:127.0.0.1`). */
function plainIp(ip: string): string {
  return ip.startsWith('::ffff:') && ip.includes('.') ? ip.slice(7) : ip
}
