import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { type RunningProcess, watchProcess } from './running-process.ts'

const SETPRIV = '/usr/bin/setpriv'

/**
 * Starts a program that is not ours (redis-server, mongod) in a process group of its own, so that
 * Ctrl-C reaches only us and the order of stopping stays ours. On Linux the kernel ends it when we
 * are killed: such a program knows nothing of a parent, and an orphan would hold its port and its data.
 */
export function startForeign(
  binary: string,
  args: string[],
  onLines?: (lines: Buffer) => void,
): RunningProcess {
  const wrapped = process.platform === 'linux' && existsSync(SETPRIV)
  const [command, all] = wrapped
    ? [SETPRIV, ['--pdeathsig', 'TERM', binary, ...args]]
    : [binary, args]
  const child = spawn(command, all, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  return watchProcess(child, onLines)
}
