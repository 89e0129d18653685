import type { Plugin } from 'graphql-yoga'
import type { Context, Deps, Entrance } from '../context.ts'

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
