import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
}

/** A child process that was started, whatever it runs. */
export interface RunningProcess {
  child: ChildProcess
  /** The last lines that it printed: where the reason stands when it ends early. */
  recentOutput(): string[]
  /** Settles when the process is gone; never rejects. */
  exited: Promise<Ended>
}

/** @param onLine every line of stdout and stderr, as it comes */
export function watchProcess(
  child: ChildProcess,
  onLine: (line: string) => void = () => {},
): RunningProcess {
  const recent: string[] = []
  const note = (line: string) => {
    recent.push(line)
    if (recent.length > 30) recent.shift()
  }
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue
    createInterface({ input: stream }).on('line', (line) => {
      note(line)
      onLine(line)
    })
  }
  const exited = new Promise<Ended>((done) => {
    child.once('exit', (code, signal) => done({ code, signal }))
    // It never ran: no exit follows.
    child.once('error', (error) => {
      note(error.message)
      if (child.pid === undefined) done({ code: null, signal: null })
    })
  })
  return { child, recentOutput: () => [...recent], exited }
}

/** TERM, then KILL after `graceMs`; settles when it is gone. */
export async function stopProcess(running: RunningProcess, graceMs: number): Promise<void> {
  running.child.kill('SIGTERM')
  const timer = setTimeout(() => running.child.kill('SIGKILL'), graceMs)
  await running.exited
  clearTimeout(timer)
}

/**
 * Repeats `attempt` until it returns true.
 * @throws Error with the process's last output when it ends first or `limitMs` pass
 */
export async function untilReady(
  name: string,
  running: RunningProcess,
  limitMs: number,
  attempt: () => Promise<boolean>,
): Promise<void> {
  let ended = false
  void running.exited.then(() => {
    ended = true
  })
  const deadline = performance.now() + limitMs
  let reason = 'no answer'
  while (!ended && performance.now() < deadline) {
    try {
      if (await attempt()) return
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error)
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const what = ended ? 'ended at once' : `was not ready within ${limitMs / 1_000} s (${reason})`
  throw new Error(`${name} ${what}:\n${running.recentOutput().slice(-8).join('\n')}`)
}
