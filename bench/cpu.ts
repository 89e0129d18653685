import { readdirSync, readFileSync } from 'node:fs'

/**
 * Nanoseconds that all threads of a process have run, by the scheduler's own account: finer than the
 * 10 ms ticks of /proc/<pid>/stat, and read from outside, so that what is measured is not changed.
 * Linux only; work of threads that have ended is missing.
 */
export function cpuNanoseconds(pid: number): number {
  let sum = 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    sum += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
  }
  return sum
}
