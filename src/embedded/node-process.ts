import { spawn } from 'node:child_process'
import { type RunningProcess, watchProcess } from './running-process.ts'

/**
 * Starts one of our own entry files on this Node, in a process group of its own. The IPC channel
 * carries nothing: its end tells the child that we are gone, and then it stops in order by itself.
 */
export function startNode(
  entry: string,
  env: NodeJS.ProcessEnv,
  onLines: (lines: Buffer) => void,
): RunningProcess {
  const child = spawn(process.execPath, [entry], {
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
  })
  return watchProcess(child, onLines)
}
