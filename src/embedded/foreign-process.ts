import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** A program that is not ours (redis-server, mongod), as a child process. */
export interface ForeignProcess {
  child: ChildProcess
  /** The last lines that it printed: where the reason stands when it ends early. */
  recentOutput(): string[]
  /** Settles when the process is gone. */
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

const SETPRIV = '/usr/bin/setpriv'

/**
 * Starts the program in a process group of its own, so that Ctrl-C reaches only us and the order of
 * stopping stays ours. On Linux the kernel ends it when we are killed: these programs know nothing
 * of a parent, and an orphan would hold its port and its data.
 */
export function startForeign(
  binary: string,
  args: string[],
  onLine: (line: string) => void = () => {},
): ForeignProcess {
  const wrapped = process.platform === 'linux' && existsSync(SETPRIV)
  const [command, all] = wrapped
    ? [SETPRIV, ['--pdeathsig', 'TERM', binary, ...args]]
    : [binary, args]
  const child = spawn(command, all, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const recent: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      recent.push(line)
      if (recent.length > 30) recent.shift()
      onLine(line)
    })
  }
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((done) => {
    child.once('exit', (code, signal) => done({ code, signal }))
    child.once('error', (error) => {
      recent.push(error.message)
      done({ code: null, signal: null })
    })
  })
  return { child, recentOutput: () => [...recent], exited }
}

/** TERM, then KILL after `graceMs`; settles when it is gone. */
export async function stopForeign(process_: ForeignProcess, graceMs: number): Promise<void> {
  process_.child.kill('SIGTERM')
  const timer = setTimeout(() => process_.child.kill('SIGKILL'), graceMs)
  await process_.exited
  clearTimeout(timer)
}

/**
 * Repeats `attempt` until it returns true.
 * @throws Error with the program's last output when it ends first or `limitMs` pass.
 */
export async function untilReady(
  name: string,
  process_: ForeignProcess,
  limitMs: number,
  attempt: () => Promise<boolean>,
): Promise<void> {
  let ended = false
  void process_.exited.then(() => {
    ended = true
  })
  const deadline = Date.now() + limitMs
  let reason = 'no answer'
  while (!ended && Date.now() < deadline) {
    try {
      if (await attempt()) return
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error)
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const what = ended ? 'ended at once' : `was not ready within ${limitMs / 1_000} s (${reason})`
  throw new Error(`${name} ${what}:\n${process_.recentOutput().slice(-8).join('\n')}`)
}
