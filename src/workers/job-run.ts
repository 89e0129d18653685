import type { Db } from 'mongodb'
import { claimRun, finishRun, releaseRun, renewRun } from '../store/job-runs.ts'

export interface RunToDo {
  /** `<job>:<date>` */
  id: string
  owner: string
  /** ms; a run that is not renewed for so long was left by a process that died. */
  leaseMs: number
}

/** Another process has the run now, or this one stops. */
export class RunEnded extends Error {
  override readonly name = 'RunEnded'
}

/**
 * Does the work of a scheduled run unless it is done or another process has it. What it throws gives the run
 * back, so that it is tried again.
 * @param stopping whether this process stops
 * @param work gets a check to call between its steps: it throws RunEnded where it must break off
 * @returns whether it was done here
 */
export async function doRun(
  db: Db,
  run: RunToDo,
  stopping: () => boolean,
  work: (check: () => void) => Promise<Record<string, unknown>>,
): Promise<boolean> {
  if (!(await claimRun(db, run))) return false
  const lease = keepLease(db, run)
  try {
    const done = await work(() => {
      if (stopping() || lease.lost()) throw new RunEnded(`${run.id} has ended`)
    })
    await finishRun(db, run, done)
    return true
  } catch (error) {
    // Without an answer the lease runs out by itself.
    await releaseRun(db, run).catch(() => {})
    throw error
  } finally {
    lease.end()
  }
}

/** Renewed by time and not by step: one step over a slow network may outlast the lease. */
function keepLease(db: Db, run: RunToDo) {
  let lost = false
  const timer = setInterval(() => {
    renewRun(db, run).then(
      (kept) => {
        lost ||= !kept
      },
      // MongoDB away: the run itself fails soon enough, or the next renewal works.
      () => {},
    )
  }, run.leaseMs / 3)
  return { lost: () => lost, end: () => clearInterval(timer) }
}
