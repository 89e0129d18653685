import type { Registry } from 'prom-client'
import { ApiError } from '../errors.ts'
import type { Route } from './router.ts'

/** What keeps this process from serving, one plain line each; empty: ready. */
export type Readiness = () => readonly string[]

/** `/livez` says that the process answers at all, `/readyz` whether a balancer should send it traffic. */
export function healthRoutes(readiness: Readiness, registry: Registry): Route[] {
  return [
    {
      method: 'GET',
      path: '/livez',
      handle: () => ({ status: 200, headers: noStore, body: { status: 'alive' } }),
    },
    {
      method: 'GET',
      path: '/readyz',
      handle() {
        const waitingFor = readiness()
        if (waitingFor.length === 0) {
          return { status: 200, headers: noStore, body: { status: 'ready' } }
        }
        throw new ApiError('UNAVAILABLE', `Not ready: ${waitingFor.join('; ')}.`, { retryAfter: 1 })
      },
    },
    {
      method: 'GET',
      path: '/metrics',
      async handle(request) {
        // Prometheus on the same machine needs no key; whoever comes through a proxy does.
        if (!request.loopback && (await request.caller()).kind !== 'admin') {
          throw new ApiError('FORBIDDEN', 'Metrics are for this machine or the admin key.')
        }
        const body = await registry.metrics()
        return { status: 200, headers: { 'Content-Type': registry.contentType, ...noStore }, body }
      },
    },
  ]
}

const noStore = { 'Cache-Control': 'no-store' }
