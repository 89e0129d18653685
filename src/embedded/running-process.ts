import type { ChildProcess } from 'node:child_process'

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

const KEPT_BYTES = 16_384
const newLine = 10

/** @param onLines whole lines of stdout and stderr together, as they come */
export function watchProcess(
  child: ChildProcess,
  onLines: (lines: Buffer) => void = () => {},
): RunningProcess {
  let recent: Buffer = Buffer.alloc(0)
  const note = (lines: Buffer) => {
    recent = Buffer.concat([recent, lines]).subarray(-KEPT_BYTES)
  }
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue
    let rest: Buffer = Buffer.alloc(0)
    const pass = (lines: Buffer) => {
      if (lines.length === 0) return
      note(lines)
      onLines(lines)
    }
    stream.on('data', (chunk: Buffer) => {
      const all = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
      const end = all.lastIndexOf(newLine) + 1
      rest = all.subarray(end)
      pass(all.subarray(0, end))
    })
    stream.on('end', () => pass(rest))
  }
  const exited = new Promise<Ended>((done) => {
    child.once('exit', (code, signal) => done({ code, signal }))
    // It never ran: no exit follows.
    child.once('error', (error) => {
      note(Buffer.from(`${error.message}\n`))
      if (child.pid === undefined) done({ code: null, signal: null })
    })
  })
  const recentOutput = () => recent.toString().trim().split('\n')
  return { child, recentOutput, exited }
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
