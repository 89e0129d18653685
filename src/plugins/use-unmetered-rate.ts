import type { Plugin } from 'graphql-yoga'
import type { Caller, Context, Entrance } from '../context.ts'
import { ApiError } from '../errors.ts'
import { rootFieldsOf } from './use-access.ts'

export interface UnmeteredRateOptions {
  perSecond: number
  /** ms since the epoch */
  clock: () => number
}

/**
 * A token bucket per caller and process for operations that cost no units; those that do have the
 * plan's bucket in Redis. The admin key is not bound: it is the operator's own.
 */
export function useUnmeteredRate({ perSecond, clock }: UnmeteredRateOptions): Plugin<Context> {
  const buckets = new Map<string, { tokens: number; at: number }>()

  let sweptAt = 0

  /** A bucket left alone for a second is full again, so that nothing is lost with it. */
  function sweep(now: number): void {
    if (now - sweptAt < 1_000) return
    sweptAt = now
    for (const [name, { at }] of buckets) {
      if (now - at >= 1_000) buckets.delete(name)
    }
  }

  function take(name: string): void {
    const now = clock()
    const bucket = buckets.get(name) ?? { tokens: perSecond, at: now }
    const elapsed = Math.max(now - bucket.at, 0)
    bucket.tokens = Math.min(bucket.tokens + (elapsed * perSecond) / 1_000, perSecond)
    bucket.at = now
    sweep(now)
    buckets.set(name, bucket)
    if (bucket.tokens < 1) {
      throw new ApiError(
        'RATE_LIMITED',
        `At most ${perSecond} operations a second that cost no units.`,
        { retryAfter: 1 },
      )
    }
    bucket.tokens -= 1
  }

  const limit = ({ args }: { args: { contextValue?: unknown } }): undefined => {
    const { caller, ip } = args.contextValue as Context & Entrance
    if (caller.kind === 'admin') return
    if (rootFieldsOf(args).some(({ access }) => access.units > 0)) return
    take(nameOf(caller, ip))
  }
  return { onExecute: limit, onSubscribe: limit } as Plugin<Context>
}

function nameOf(caller: Caller, ip: string): string {
  if (caller.kind === 'apiKey') return caller.apiKey._id
  if (caller.kind === 'newcomer') return `sub ${caller.userId}`
  return caller.kind === 'account' ? caller.account._id : ip
}
