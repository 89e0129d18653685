import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { createConnection, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/**
 * A spool directory is locked by a process that listens on a Unix socket in it: the kernel drops that
 * at the process' death, whatever its cause, and neither pid files nor clocks are asked.
 *
 *   connection accepted   alive, also while stopped (the kernel accepts for it)
 *   connection refused    dead
 *   anything else         unknown: leave it alone. No socket: its owner is just being born, or somebody
 *                         removed the file from under a living process
 */
export type Liveness = 'alive' | 'dead' | 'unknown'

/** `owner`: the process that writes here; `adopter`: the one that drains it for a dead one. */
export type LockName = 'owner' | 'adopter'

export interface Lock {
  /** Idempotent, also when the directory was renamed or removed meanwhile. */
  release(): Promise<void>
}

/** Listens. Rejects (EADDRINUSE) when the file is there already, alive or dead. */
export async function lock(dir: string, name: LockName): Promise<Lock> {
  const server = createServer((socket) => socket.destroy())
  await withShortPath(dir, name, (path) => listen(server, path))
  server.unref()
  return {
    async release() {
      await new Promise((done) => server.close(done))
      // Node removes the file by the path it listened on, which may have been a detour.
      await rm(join(dir, name), { force: true })
    },
  }
}

/** Takes the adopter's lock, over a dead adopter if need be; null when another one lives. */
export async function lockForAdoption(dir: string): Promise<Lock | null> {
  const liveness = await livenessOf(dir, 'adopter')
  if (liveness === 'alive') return null
  // Two that come here at once both adopt, which is harmless: they send the same frames and numbers.
  await rm(join(dir, 'adopter'), { force: true })
  return lock(dir, 'adopter').catch(() => null)
}

export async function livenessOf(dir: string, name: LockName): Promise<Liveness> {
  return withShortPath(dir, name, probe)
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((done, fail) => {
    server.once('error', fail)
    server.listen(path, () => {
      server.off('error', fail)
      // An error after this (a failed accept) concerns one prober only.
      server.on('error', () => {})
      done()
    })
  })
}

function probe(path: string): Promise<Liveness> {
  return new Promise((done) => {
    const socket = createConnection(path)
    socket.setTimeout(1_000, () => end('unknown'))
    socket.once('connect', () => end('alive'))
    socket.once('error', (error: NodeJS.ErrnoException) => {
      // A full queue of a stopped process answers EAGAIN.
      end(error.code === 'ECONNREFUSED' ? 'dead' : 'unknown')
    })
    const end = (liveness: Liveness) => {
      socket.destroy()
      done(liveness)
    }
  })
}

/** A socket's path may have 103 bytes on macOS, 107 on Linux; a longer one goes through a symlink. */
const socketPathMax = 100

async function withShortPath<T>(
  dir: string,
  name: LockName,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const path = join(dir, name)
  if (Buffer.byteLength(path) <= socketPathMax) return use(path)
  const detour = await mkdtemp(join(tmpdir(), 'gc-'))
  try {
    await symlink(resolve(dir), join(detour, 'd'))
    return await use(join(detour, 'd', name))
  } finally {
    await rm(detour, { recursive: true, force: true })
  }
}
