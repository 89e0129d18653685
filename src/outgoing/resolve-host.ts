import { lookup, Resolver } from 'node:dns/promises'

/** All addresses of a host, at least one. Rejects where there is none, or when `signal` aborts. */
export type ResolveHost = (hostname: string, signal: AbortSignal) => Promise<string[]>

const TRY_MS = 2_500

/**
 * Asks the name servers, and neither the hosts file nor Node's thread pool: four names whose servers never
 * answer would block that pool, and with it all else that looks names up.
 */
export async function resolvePublicHost(hostname: string, signal: AbortSignal): Promise<string[]> {
  const resolver = new Resolver({ timeout: TRY_MS, tries: 2 })
  const cancel = () => resolver.cancel()
  signal.addEventListener('abort', cancel, { once: true })
  try {
    signal.throwIfAborted()
    const answers = await Promise.allSettled([
      resolver.resolve4(hostname),
      resolver.resolve6(hostname),
    ])
    const addresses = answers.flatMap((answer) =>
      answer.status === 'fulfilled' ? answer.value : [],
    )
    const refused = answers.find((answer) => answer.status === 'rejected')
    if (addresses.length === 0) throw refused?.reason ?? new Error('no address')
    return addresses
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

/** As the system sees it, hosts file included: for hosts that the operator allowed by name. */
export async function resolveAllowedHost(hostname: string): Promise<string[]> {
  const found = await lookup(hostname, { all: true })
  return found.map(({ address }) => address)
}
