import { type ExecutionResult, GraphQLError } from 'graphql'
import type { Caller } from '../context.ts'
import { ApiError } from '../errors.ts'
import type { Plans } from '../rules/plan.ts'
import {
  type Answered,
  type EndpointOutcome,
  type MeteredField,
  outcomeOf,
  unitsOf,
} from '../rules/units.ts'
import { type QuotaCounters, QuotaRefusal } from '../streams/quota-counters.ts'
import type { Spool } from '../streams/spool.ts'
import type { UsageEvent } from '../streams/usage-event.ts'
import { type Admission, admit } from './admit.ts'
import type { MeteringMetrics } from './metering-metrics.ts'
import { type QuotaStanding, rateLimitHeaders, usageShown } from './usage-shown.ts'

export interface MeteringParts {
  quota: QuotaCounters
  spool: Pick<Spool, 'append'>
  plans: Plans
  /** ms since the epoch */
  clock: () => number
  metrics: MeteringMetrics
  /** Told when a key was last used (ms), after the call stands in the spool. */
  touched?: (apiKeyId: string, at: number) => void
}

/**
 * Executes an operation as a metered one: admits it, and lets its answer leave only after what it
 * costs stands in the spool. Whichever way it ends, every reserved unit is billed or given back once.
 *
 * The result carries `extensions.usage`, and the RateLimit headers in `extensions.http`, which Yoga
 * turns into headers and every other entrance has to strip. Refusals are results without `data`.
 *
 * @param metered at least one field
 */
export async function meter(
  parts: MeteringParts,
  operation: { caller: Caller; metered: readonly MeteredField[] },
  execute: () => ExecutionResult | PromiseLike<ExecutionResult>,
): Promise<ExecutionResult> {
  const { metered } = operation
  let admission: Admission
  try {
    admission = await admit(parts, operation.caller, unitsOf(metered))
  } catch (error) {
    return refused(parts, error, error instanceof QuotaRefusal ? error : null)
  }
  const { result, answered } = await settled(execute)
  const outcomes = outcomeOf(metered, answered)
  const billed = unitsOf(outcomes)
  const { reservation, units } = admission
  if (billed < units) reservation.giveBack(units - billed)
  const standing = { ...reservation, used: Math.max(0, reservation.used - units + billed) }
  try {
    await record(parts, admission, outcomes)
  } catch (error) {
    if (billed > 0) reservation.giveBack(billed)
    const cause = error instanceof ApiError ? error : unwritten(error)
    return refused(parts, cause, { ...standing, used: Math.max(0, standing.used - billed) })
  }
  return withUsage(parts, result, billed, standing)
}

/**
 * Whatever happens becomes a result. What throws (a timeout, an internal error) failed as a whole: it
 * is shown without `data`, as every refusal, and counts like `data: null`.
 */
async function settled(
  execute: () => ExecutionResult | PromiseLike<ExecutionResult>,
): Promise<{ result: ExecutionResult; answered: Answered }> {
  try {
    const result = await execute()
    // Incremental delivery is not enabled: answers that come in parts cannot be metered as one.
    if ('initialResult' in result || Symbol.asyncIterator in result) {
      throw new Error('a metered operation answered in parts')
    }
    return { result, answered: result }
  } catch (error) {
    return { result: { errors: [graphqlError(error)] }, answered: { data: null } }
  }
}

async function record(
  { spool, clock, metrics, touched }: MeteringParts,
  { payer }: Admission,
  outcomes: readonly EndpointOutcome[],
): Promise<void> {
  const at = clock()
  const { _id: apiKeyId, accountId, tier } = payer
  const events: UsageEvent[] = []
  for (const { endpoint, units, failed } of outcomes) {
    if (units + failed > 0) events.push({ at, apiKeyId, accountId, tier, endpoint, units, failed })
  }
  if (events.length === 0) return
  await spool.append(events)
  touched?.(apiKeyId, at)
  for (const { endpoint, units, failed } of events) {
    if (units > 0) metrics.billedUnits.inc({ endpoint, tier }, units)
    if (failed > 0) metrics.failedFields.inc({ endpoint }, failed)
  }
}

function refused(
  parts: MeteringParts,
  error: unknown,
  standing: QuotaStanding | null,
): ExecutionResult {
  parts.metrics.refused.inc({ code: error instanceof ApiError ? error.code : 'INTERNAL' })
  const result = { errors: [graphqlError(error)] }
  return standing ? withUsage(parts, result, 0, standing) : result
}

function withUsage(
  { clock }: MeteringParts,
  result: ExecutionResult,
  units: number,
  standing: QuotaStanding,
): ExecutionResult {
  const usage = usageShown(units, standing)
  const http = { headers: rateLimitHeaders(standing, clock()) }
  return { ...result, extensions: { ...result.extensions, usage, http } }
}

function unwritten(cause: unknown): ApiError {
  const message = 'The call could not be recorded, so it was not answered. Try again.'
  return new ApiError('UNAVAILABLE', message, { retryAfter: 1, cause })
}

/** The transport decides what of it a client sees. */
function graphqlError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error
  const originalError = error instanceof Error ? error : new Error(String(error))
  return new GraphQLError(originalError.message, { originalError })
}
