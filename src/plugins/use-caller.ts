import { GraphQLError } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { NoAccount } from '../callers/no-account.ts'
import type { Caller, Context, Deps, Entrance } from '../context.ts'
import { ApiError } from '../errors.ts'

/**
 * Turns the credentials of a request into its caller, and completes the resolvers' context. With self
 * sign-up a token without account passes as a newcomer: here alone, so that every other entrance refuses it.
 */
export function useCaller(deps: Deps): Plugin<Entrance> {
  return {
    onContextBuilding({ context, extendContext }) {
      const complete = (caller: Caller) =>
        extendContext({ deps, caller } satisfies Partial<Context> as Partial<Entrance>)
      const refused = (error: unknown) => {
        if (!deps.selfSignup || !(error instanceof NoAccount)) throw malformed(error)
        const { userId, validUntil } = error
        return complete({ kind: 'newcomer', userId, validUntil })
      }
      try {
        const caller = deps.callers.resolveCaller(context.credentials, context.ip)
        // Cached callers, nearly all, cost no promise.
        if (!(caller instanceof Promise)) return complete(caller) as undefined
        return caller.then(complete, refused) as Promise<undefined>
      } catch (error) {
        throw malformed(error)
      }
    },
  }
}

/** Two keys at once are a request that is wrong as such: 400 whatever `Accept` says. */
function malformed(error: unknown): unknown {
  if (!(error instanceof ApiError) || error.code !== 'BAD_USER_INPUT') return error
  const { code, message, status } = error
  return new GraphQLError(message, { extensions: { code, http: { status } } })
}
