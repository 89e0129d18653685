import type { Caller } from '../context.ts'
import { ApiError } from '../errors.ts'
import { hardLimitOf } from '../rules/hard-limit.ts'
import type { Plans } from '../rules/plan.ts'
import type { ApiKeyDoc } from '../store/api-keys.ts'
import type { QuotaCounters, Reservation } from '../streams/quota-counters.ts'

/** An operation that may be executed: who pays, and what is set aside for it. */
export interface Admission {
  payer: ApiKeyDoc
  units: number
  reservation: Reservation
}

/**
 * Lets an operation in that costs units: its key must not be blocked, and its month and second must
 * have room. Whoever gets an admission either bills its units or gives them back.
 * @throws ApiError UNAUTHENTICATED, FORBIDDEN, KEY_BLOCKED; QuotaRefusal
 */
export async function admit(
  parts: { quota: QuotaCounters; plans: Plans },
  caller: Caller,
  units: number,
): Promise<Admission> {
  const payer = payerOf(caller)
  if (payer.blockedBecause !== null) {
    throw new ApiError('KEY_BLOCKED', `This API key is blocked. ${payer.blockedBecause}`)
  }
  const plan = parts.plans.get(payer.tier)
  if (!plan) throw new Error(`the plan ${payer.tier} of ${payer._id} is not in the plans file`)
  const reservation = await parts.quota.reserve({
    apiKeyId: payer._id,
    units,
    monthlyLimit: plan.monthlyLimit,
    hardLimit: hardLimitOf(plan, payer.overageCap),
    requestsPerSecond: plan.requestsPerSecond,
  })
  return { payer, units, reservation }
}

/** Access was checked before; this holds for any entrance that forgot. */
function payerOf(caller: Caller): ApiKeyDoc {
  switch (caller.kind) {
    case 'apiKey':
      return caller.apiKey
    case 'account':
      if (caller.payer) return caller.payer
      throw new ApiError('FORBIDDEN', 'Metered fields need an API key that pays for them.')
    case 'admin':
      throw new ApiError('FORBIDDEN', 'The admin key pays for nothing.')
    case 'newcomer':
      throw new ApiError('FORBIDDEN', 'Metered fields need an account with an API key.')
    case 'anonymous':
      throw new ApiError('UNAUTHENTICATED', 'Metered fields need an API key.')
  }
}
