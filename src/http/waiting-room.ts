import type { Registry } from 'prom-client'
import { ApiError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { healthRoutes, type Readiness } from '../rest/health.ts'
import { createRouter, type Route, type Router } from '../rest/router.ts'

/**
 * The router of a process whose MongoDB has not answered yet: alive, not ready, and everything else asks
 * to come back. So that a supervisor sees a slow start and not a dead process.
 */
export function createWaitingRoom(readiness: Readiness, registry: Registry, log: Logger): Router {
  const router = createRouter(healthRoutes(readiness, registry), log)
  const later: Route = { method: 'GET', path: '/', handle: comeBack }
  return {
    match: (method, path) => router.match(method, path) ?? { route: later, params: {} },
    answer: router.answer,
  }
}

/** @throws ApiError UNAVAILABLE */
export function comeBack(): never {
  throw new ApiError('UNAVAILABLE', 'The server is starting; try again in a moment.', {
    retryAfter: 1,
  })
}
