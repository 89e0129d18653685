import { isIPv6 } from 'node:net'
import { ApiError } from '../errors.ts'

export interface FailedAuthentications {
  /** Counts a failure and says how to refuse it: UNAUTHENTICATED, or RATE_LIMITED once there were too many. */
  refusal(ip: string, message: string): ApiError
}

const MOST_A_MINUTE = 20
const MINUTE = 60_000
const ADDRESSES = 10_000

/**
 * After 20 failed authentications a minute from an address, further unknown credentials from there get
 * 429. It is asked only about credentials that were found unknown: valid ones never come here, nor does a
 * revoked key, so that nobody behind a shared address is locked out by a neighbour. Per process.
 */
export function createFailedAuthentications(clock: () => number): FailedAuthentications {
  const windows = new Map<string, { since: number; failures: number }>()

  function windowOf(address: string, now: number): { since: number; failures: number } {
    const known = windows.get(address)
    if (known && now - known.since < MINUTE) return known
    const fresh = { since: now, failures: 0 }
    windows.delete(address)
    windows.set(address, fresh)
    if (windows.size > ADDRESSES) {
      const [oldest] = windows.keys()
      if (oldest !== undefined) windows.delete(oldest)
    }
    return fresh
  }

  return {
    refusal(ip, message) {
      const now = clock()
      const window = windowOf(networkOf(ip), now)
      if (window.failures >= MOST_A_MINUTE) {
        const retryAfter = Math.max(1, Math.ceil((window.since + MINUTE - now) / 1_000))
        return new ApiError('RATE_LIMITED', 'Too many failed authentications.', { retryAfter })
      }
      window.failures += 1
      return new ApiError('UNAUTHENTICATED', message)
    },
  }
}

/** An IPv6 customer holds at least a /64: counting single addresses would count nothing. */
export function networkOf(ip: string): string {
  const plain = ip.replace(/%.*$/, '').toLowerCase()
  if (!isIPv6(plain)) return plain
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain)
  if (mapped?.[1]) return mapped[1]
  const [head = '', tail] = plain.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail ? tail.split(':') : []
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length
  const groups = [...before, ...Array<string>(Math.max(0, zeros)).fill('0'), ...after]
  return `${groups.slice(0, 4).join(':')}::/64`
}
