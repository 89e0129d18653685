import { schedule } from 'node-cron'

export interface LookTimes {
  /** Of the job. */
  name: string
  /** When a run becomes due, in UTC. */
  cron: string
  /** Besides: for runs that were missed, failed, or left by a process that died. */
  everyMs: number
}

/**
 * Looks for due runs at once, and then at their times.
 * @param look never rejects
 * @returns ends it; a look that is under way goes on
 */
export function lookOnSchedule(
  { name, cron, everyMs }: LookTimes,
  look: () => Promise<void>,
): () => void {
  // What a process slept over is caught up by the timer.
  const task = schedule(cron, look, { name, timezone: 'Etc/UTC', suppressMissedWarning: true })
  const timer = setInterval(look, everyMs)
  void look()
  return () => {
    clearInterval(timer)
    void task.destroy()
  }
}
