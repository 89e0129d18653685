import type { Plugin } from 'graphql-yoga'
import type { Credentials } from '../callers/credentials.ts'
import type { Context, Deps } from '../context.ts'

/**
 * What an entrance (HTTP, WebSocket, REST) knows of a request before anybody is asked. Yoga hands it
 * through as its server context; resolvers never see it, they get `Context`.
 */
export interface Entrance {
  requestId: string
  /** The client's address behind trusted proxies. */
  ip: string
  credentials: Credentials
  /** What the usage event names in place of the root field: `GET /api/v1/tax-dates`. */
  endpoint?: string
}

/** Turns the credentials of a request into its caller, and completes the resolvers' context. */
export function useCaller(deps: Deps): Plugin<Entrance> {
  return {
    onContextBuilding({ context, extendContext }) {
      const caller = deps.callers.resolveCaller(context.credentials, context.ip)
      if (!(caller instanceof Promise)) {
        extendContext({ deps, caller } satisfies Partial<Context> as Partial<Entrance>)
        return undefined
      }
      return caller.then((resolved) => {
        extendContext({ deps, caller: resolved } satisfies Partial<Context> as Partial<Entrance>)
      }) as Promise<undefined>
    },
  }
}
