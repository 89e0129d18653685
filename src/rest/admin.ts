import { ApiError } from '../errors.ts'
import { BadInput } from '../rules/bad-input.ts'
import { DAY, dayName } from '../rules/calendar-time.ts'
import type { AggregateDay } from '../workers/aggregate-days/aggregate-day.ts'
import type { RestRequest, Route } from './router.ts'

export interface AdminRoutesOptions {
  aggregateDay: AggregateDay
  /** ms since the epoch */
  clock: () => number
}

/** Scheduled work on demand. Answers with what was done; repeating it is harmless. */
export function adminRoutes({ aggregateDay, clock }: AdminRoutesOptions): Route[] {
  return [
    {
      method: 'POST',
      path: '/admin/trigger-aggregation',
      async handle(request) {
        await demandAdminKey(request)
        const date = dateOf(request.query) ?? dayName(clock() - DAY)
        return { status: 200, body: await aggregateDay(date) }
      },
    },
  ]
}

/** The key itself: a token with the admin claim opens admin fields, but not this route. */
async function demandAdminKey(request: RestRequest): Promise<void> {
  const { kind } = await request.caller()
  const { apiKeys } = request.credentials
  if (kind === 'anonymous')
    throw new ApiError('UNAUTHENTICATED', 'Send the admin key in X-Api-Key.')
  if (kind !== 'admin' || apiKeys.length === 0) {
    throw new ApiError('FORBIDDEN', 'This needs the admin key.')
  }
}

/** @throws BadInput for an unknown or repeated parameter */
function dateOf(search: URLSearchParams): string | null {
  for (const name of search.keys()) {
    if (name !== 'date') throw new BadInput('Unknown parameter; known is date.')
  }
  const [date = null, ...others] = search.getAll('date')
  if (others.length > 0) throw new BadInput('date is given twice.')
  return date
}
