import ipaddr from 'ipaddr.js'
import { BadInput } from './bad-input.ts'

/** Addresses as `host:port`, in the form that a URL gives them; reachable although they are private. */
export type OutboundAllow = ReadonlySet<string>

/** Far above any real web hook. */
const URL_LENGTH = 2_048

/** Names that mean something inside a machine or a house only, whatever a public name server says. */
const privateName = /(^|\.)(localhost|local|internal|home\.arpa)$/

/**
 * Whether the address, as text out of a URL or from a name server, is that of somebody on the public
 * internet. Refused is all else: private, loopback, link-local, shared, documentation, multicast, reserved,
 * and every IPv6 form that carries an IPv4 address (mapped, NAT64, 6to4, Teredo, ISATAP), since that one
 * would be reached past its own check. What is no address is not public.
 */
export function isPublicAddress(address: string): boolean {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) {
    return ipaddr.IPv4.parse(address).range() === 'unicast'
  }
  if (!ipaddr.IPv6.isValid(address)) return false
  const parsed = ipaddr.IPv6.parse(address)
  if (parsed.zoneId !== undefined || parsed.range() !== 'unicast') return false
  const [first = 0, second = 0, , , fifth = 0, sixth = 0] = parsed.parts
  // Allocated to the public internet is 2000::/3 alone, and in it 2001::/23 serves protocols.
  const allocated = first >> 13 === 1 && !(first === 0x2001 && second < 0x200)
  const isatap = (fifth & 0xfdff) === 0 && sixth === 0x5efe
  return allocated && !isatap
}

/**
 * The URL that a customer entered, if it may be called at all: https on port 443 of a public name or
 * address, without credentials. `allow` exempts its hosts from all of this but the credentials. What its name
 * resolves to is judged at each call, by `isPublicAddress`.
 * @throws BadInput saying what would be right; it shows nothing of the URL, which may be a secret
 */
export function checkedCustomerUrl(text: string, allow: OutboundAllow): URL {
  const url = URL.parse(text)
  // What the parser would silently cut out of it is a sign of something else being meant.
  if (!url || /[\p{Cc}\s\\]/u.test(text) || text.length > URL_LENGTH) {
    throw new BadInput('"url" must be a URL such as https://hooks.example.com/alerts.')
  }
  if (url.username || url.password || /^[^/]*\/\/[^/?#]*@/.test(text)) {
    throw new BadInput('"url" must not hold a user name or a password.')
  }
  if (isAllowed(url, allow)) return url
  if (url.protocol !== 'https:') throw new BadInput('"url" must begin with https://.')
  // The parser leaves out the port that belongs to the protocol.
  if (url.port) throw new BadInput('"url" must not name a port: only 443 is called.')
  if (!isPublicHost(url.hostname)) {
    throw new BadInput('"url" must name a host on the public internet.')
  }
  return url
}

/** Whether OUTBOUND_ALLOW names the URL's host and port; http and private addresses are fine there. */
export function isAllowed(url: URL, allow: OutboundAllow): boolean {
  if (!/^https?:$/.test(url.protocol)) return false
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  return allow.has(`${url.hostname}:${port}`)
}

/** One entry of OUTBOUND_ALLOW in the form that `isAllowed` compares; null: it is none. */
export function parseAllowed(entry: string): string | null {
  const [, host = '', port = ''] = /^([^/?#@\\]+):(\d{1,5})$/.exec(entry) ?? []
  const url = URL.parse(`http://${host}`)
  if (!url || url.port || url.pathname !== '/' || Number(port) < 1 || Number(port) > 65_535) {
    return null
  }
  return `${url.hostname}:${Number(port)}`
}

/** The address in a URL's host where it is one (IPv6 without its brackets), else null. */
export function addressInHost(hostname: string): string | null {
  if (hostname.startsWith('[')) return hostname.slice(1, -1)
  return ipaddr.IPv4.isValidFourPartDecimal(hostname) ? hostname : null
}

function isPublicHost(hostname: string): boolean {
  const address = addressInHost(hostname)
  if (address !== null) return isPublicAddress(address)
  return /^[^.].*\.[^.]+$/.test(hostname) && !privateName.test(hostname)
}
