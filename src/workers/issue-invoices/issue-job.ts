import type { Db } from 'mongodb'
import { finishedDays, jobRuns } from '../../store/job-runs.ts'

/** In `jobRuns`: `issue-invoices:2026-11` */
export const ISSUE_JOB = 'issue-invoices'

/**
 * The months since `since` (`2025-11`) whose runs were finished, and the oldest of them that nobody had to ask for.
 */
export async function invoicedMonths(
  db: Db,
  since: string,
): Promise<{ done: Set<string>; first: string | null }> {
  const done = await finishedDays(db, ISSUE_JOB, since)
  const inTime = await jobRuns(db).findOne(
    {
      _id: { $gte: `${ISSUE_JOB}:${since}`, $lt: `${ISSUE_JOB};` },
      finishedAt: { $exists: true },
      'result.onDemand': { $ne: true },
    },
    { sort: { _id: 1 }, projection: { _id: 1 } },
  )
  return { done, first: inTime?._id.slice(ISSUE_JOB.length + 1) ?? null }
}
