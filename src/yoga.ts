import { createYoga, type Plugin, type YogaServerInstance } from 'graphql-yoga'
import type { Context, Deps, Entrance } from './context.ts'
import { useAccess } from './plugins/use-access.ts'
import { useBodyLimit } from './plugins/use-body-limit.ts'
import { useCaller } from './plugins/use-caller.ts'
import { useErrors } from './plugins/use-errors.ts'
import { type LimitsOptions, useLimits } from './plugins/use-limits.ts'
import { useRequestShape } from './plugins/use-request-shape.ts'
import { type StreamsOptions, useStreams } from './plugins/use-streams.ts'
import { useUnmeteredRate } from './plugins/use-unmetered-rate.ts'
import { buildSchema } from './schema/schema.ts'

export interface YogaParts {
  streams: StreamsOptions
  /** Admission and metering, in the order in which they run; they find `rootFieldsOf(args)`. */
  metering: readonly Plugin<Context>[]
  /** Introspection, suggestions and GraphiQL off. */
  production: boolean
  limits: Omit<LimitsOptions, 'introspection'> & {
    maxBodyBytes: number
    /** Operations that cost no units, a second and caller. */
    unmeteredPerSecond: number
  }
}

export type Yoga = YogaServerInstance<Entrance, object>

/**
 * The GraphQL engine, without a port: HTTP and SSE call `yoga.handle`, WebSocket and REST run their
 * operations through `yoga.getEnveloped`, and tests call `yoga.fetch`.
 *
 * Order of the plugins: what refuses cheapest comes first, and metering last, so that what any other
 * refuses costs nothing. Everything that guards sits in onParse, onValidate, onContextBuilding,
 * onExecute or onSubscribe, the only hooks that run for WebSocket too; the two of onRequestParse
 * concern bodies, which only HTTP has. Left out on purpose: batching, persisted operations, and the
 * response cache, which would answer unmetered.
 */
export function makeYoga(deps: Deps, parts: YogaParts): Yoga {
  const { metering, production, limits } = parts
  return createYoga<Entrance>({
    schema: buildSchema(),
    plugins: [
      useErrors(deps.log),
      useBodyLimit(limits.maxBodyBytes),
      useRequestShape(),
      useLimits({ ...limits, introspection: !production }),
      useCaller(deps),
      useAccess({ openIntrospection: !production }),
      useUnmeteredRate({ perSecond: limits.unmeteredPerSecond, clock: deps.clock }),
      useStreams(parts.streams),
      ...metering,
    ] as Plugin[],
    graphiql: production ? false : { title: 'GetComplical' },
    // From our own origin: Yoga's default page loads its scripts from a CDN. Nine megabytes, so only
    // when somebody looks.
    renderGraphiQL: async (options) => {
      const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql')
      return renderGraphiQL(options)
    },
    graphqlEndpoint: '/graphql',
    // Each of these is done by a plugin of ours, or by the front door before Yoga is reached.
    maskedErrors: false,
    parserAndValidationCache: false,
    maxRequestBodySize: false,
    multipart: false,
    batching: false,
    cors: false,
    landingPage: false,
    logging: false,
    // Cannot be switched off, and matches the end of any URL: a line feed never ends one.
    healthCheckEndpoint: '\n',
  }) as unknown as Yoga
}
