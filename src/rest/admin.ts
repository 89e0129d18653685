import { ApiError } from '../errors.ts'
import { BadInput } from '../rules/bad-input.ts'
import type { JobsOnDemand } from '../workers/jobs-on-demand.ts'
import type { RestRequest, Route } from './router.ts'

/** Scheduled work on demand. Answers with what was done. */
export function adminRoutes(jobs: JobsOnDemand): Route[] {
  return [
    {
      method: 'POST',
      path: '/admin/trigger-aggregation',
      async handle(request) {
        await demandAdminKey(request)
        return { status: 200, body: await jobs.aggregateDay(dateOf(request.query)) }
      },
    },
    {
      method: 'POST',
      path: '/admin/trigger-monitoring',
      async handle(request) {
        await demandAdminKey(request)
        for (const _name of request.query.keys()) throw new BadInput('There are no parameters.')
        return { status: 200, body: await jobs.scanEveryKey() }
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
