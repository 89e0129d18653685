import { ApiError } from '../errors.ts'
import { BadInput } from '../rules/bad-input.ts'
import { DAY, dayName } from '../rules/calendar-time.ts'
import type { TaxHistory } from '../rules/tax/tax-history.ts'
import { createDayAggregation } from '../workers/aggregate-days/aggregate-day.ts'
import type { Scan } from '../workers/scan-thresholds/scan-keys.ts'
import { createScan, type ScanOptions } from '../workers/scan-thresholds/scan-thresholds.ts'
import type { RestRequest, Route } from './router.ts'

export interface AdminRoutesOptions extends Omit<ScanOptions, 'taxData'> {
  taxHistory: Pick<TaxHistory, 'current'>
}

/** Scheduled work on demand. Answers with what was done; repeating it is harmless. */
export function adminRoutes({ taxHistory, ...options }: AdminRoutesOptions): Route[] {
  const { clock } = options
  const aggregateDay = createDayAggregation(options)
  const scan = createScan({ ...options, taxData: taxHistory.current })
  let scanning: Promise<Scan> | null = null
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
    {
      method: 'POST',
      path: '/admin/trigger-monitoring',
      async handle(request) {
        await demandAdminKey(request)
        for (const _name of request.query.keys()) throw new BadInput('There are no parameters.')
        // Who asks while one runs hears of that one: a second would find nothing else to raise.
        scanning ??= scan.everyKey().finally(() => {
          scanning = null
        })
        return { status: 200, body: await scanning }
      },
    },
  ]
}

/** The key itself: a token with the admin claim opens admin fields, but not this route. */
export async function demandAdminKey(request: RestRequest): Promise<void> {
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
