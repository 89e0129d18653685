import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from './installer.ts'
import type { KeptServers } from './kept-files.ts'

/** Set in the environment of our own children, so that they can be told from anybody else's. */
export const SUPERVISED_IN = 'GETCOMPLICAL_SUPERVISED_IN'

export interface Leftover {
  pid: number
  name: string
}

/**
 * Processes of an earlier `npm start` on this data that still live because it was killed. They are
 * recognised by what they are doing, not by a pid that was written down: such a file is missing when the
 * kill came before it, and names a stranger when the pid was given away again.
 *
 * Linux: our own processes by their environment, redis-server by its working folder (its title hides
 * its arguments), mongod by its --dbpath. Elsewhere only the two servers, by the process list.
 */
export function findLeftovers(dataDir: string, kept: KeptServers | null): Promise<Leftover[]> {
  return process.platform === 'linux'
    ? Promise.resolve(inProc(dataDir))
    : inProcessList(dataDir, kept)
}

function inProc(dataDir: string): Leftover[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.flatMap((pid) => {
    const name = Number(pid) === process.pid ? null : nameInProc(join('/proc', pid), dataDir)
    return name ? [{ pid: Number(pid), name }] : []
  })
}

function nameInProc(folder: string, dataDir: string): string | null {
  try {
    const command = readFileSync(join(folder, 'cmdline'), 'utf8').split('\0')
    if (command.join(' ').includes('redis-server')) {
      return readlinkSync(join(folder, 'cwd')) === redisDir(dataDir) ? 'redis-server' : null
    }
    if (command.includes(mongodDir(dataDir)) && command.includes('--dbpath')) return 'mongod'
    const environment = readFileSync(join(folder, 'environ'), 'utf8').split('\0')
    if (!environment.includes(`${SUPERVISED_IN}=${dataDir}`)) return null
    return command.find((argument) => argument.endsWith('.ts')) ?? null
  } catch {
    // Gone meanwhile, or another user's.
    return null
  }
}

async function inProcessList(dataDir: string, kept: KeptServers | null): Promise<Leftover[]> {
  const { output } = await runCommand('ps', ['-axo', 'pid=,command='])
  return output.split('\n').flatMap((line) => {
    const [, pid, command = ''] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? []
    const isRedis = kept?.redisPort && command.includes(`redis-server 127.0.0.1:${kept.redisPort}`)
    const isMongod = command.includes(`--dbpath ${mongodDir(dataDir)} `)
    const name = isRedis ? 'redis-server' : isMongod ? 'mongod' : null
    return name ? [{ pid: Number(pid), name }] : []
  })
}

export function redisDir(dataDir: string): string {
  return join(dataDir, 'redis')
}

export function mongodDir(dataDir: string): string {
  return join(dataDir, 'mongod')
}

/** TERM, KILL after `graceMs`; settles when all are gone. */
export async function endLeftovers(leftovers: Leftover[], graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs
  let living = leftovers
  for (const { pid } of living) signal(pid, 'SIGTERM')
  while (living.length > 0) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    living = living.filter(({ pid }) => signal(pid, 0))
    if (performance.now() > deadline) for (const { pid } of living) signal(pid, 'SIGKILL')
  }
}

/** Whether the process was there to receive it. */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name) && !isZombie(pid)
  } catch {
    return false
  }
}

/** Dead, and only its parent has not asked how: in a container without an init for ever. */
function isZombie(pid: number): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
