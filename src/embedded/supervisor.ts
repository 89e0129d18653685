import type { Logger } from '../log.ts'
import { type Ended, type RunningProcess, stopProcess } from './running-process.ts'

export interface Supervised {
  name: string
  start: () => RunningProcess
  /** How long it may take to end in order before it is killed, ms. */
  graceMs: number
}

/** The process and its successors as one: it never ends, and its last words are the latest's. */
export function following(supervisor: Supervisor): RunningProcess {
  return {
    ...supervisor.current(),
    recentOutput: () => supervisor.current().recentOutput(),
    exited: new Promise(() => {}),
  }
}

export interface Supervisor {
  /** The process that runs now, or ran last. */
  current(): RunningProcess
  /** Ends it in order and starts it no more. Settles when it is gone; idempotent. */
  stop(): Promise<void>
}

/** Waits between restarts: quick after a single death, patient with what cannot start. */
export const RESTART = { firstMs: 100, mostMs: 5_000, resetAfterMs: 10_000 } as const

/** Starts a process, and again whenever it ends, whatever its exit code, until `stop`. */
export function supervise({ name, start, graceMs }: Supervised, log: Logger): Supervisor {
  let running = start()
  let startedAt = performance.now()
  let pause: number = RESTART.firstMs
  let timer: NodeJS.Timeout | undefined
  let stopping: Promise<void> | undefined

  function watch(process_: RunningProcess): void {
    void process_.exited.then((ended) => {
      if (stopping) return
      if (performance.now() - startedAt >= RESTART.resetAfterMs) pause = RESTART.firstMs
      report(process_, ended)
      timer = setTimeout(restart, pause)
      pause = Math.min(pause * 2, RESTART.mostMs)
    })
  }

  function restart(): void {
    startedAt = performance.now()
    running = start()
    watch(running)
  }

  function report(process_: RunningProcess, { code, signal }: Ended): void {
    const how = signal ?? `exit code ${code}`
    // Killed from outside, its last words explain nothing.
    const output = signal ? undefined : process_.recentOutput().slice(-8)
    log.error({ child: name, how, output, restartInMs: pause }, `${name} ended, starting it again`)
  }

  async function stop(): Promise<void> {
    clearTimeout(timer)
    await stopProcess(running, graceMs)
  }

  watch(running)
  return {
    current: () => running,
    stop() {
      stopping ??= stop()
      return stopping
    },
  }
}
