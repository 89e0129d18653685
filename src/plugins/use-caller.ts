import { GraphQLError } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import type { Caller, Context, Deps, Entrance } from '../context.ts'
import { ApiError } from '../errors.ts'

/** Turns the credentials of a request into its caller, and completes the resolvers' context. */
export function useCaller(deps: Deps): Plugin<Entrance> {
  return {
    onContextBuilding({ context, extendContext }) {
      const complete = (caller: Caller) =>
        extendContext({ deps, caller } satisfies Partial<Context> as Partial<Entrance>)
      try {
        const caller = deps.callers.resolveCaller(context.credentials, context.ip)
        // Cached callers, nearly all, cost no promise.
        if (!(caller instanceof Promise)) return complete(caller) as undefined
        return caller.then(complete, malformed) as Promise<undefined>
      } catch (error) {
        return malformed(error)
      }
    },
  }
}

/** Two keys at once are a request that is wrong as such: 400 whatever `Accept` says. */
function malformed(error: unknown): never {
  if (!(error instanceof ApiError) || error.code !== 'BAD_USER_INPUT') throw error
  const { code, message, status } = error
  throw new GraphQLError(message, { extensions: { code, http: { status } } })
}
