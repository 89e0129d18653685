import { spawn } from 'node:child_process'
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs'
import { delimiter, join, resolve } from 'node:path'

/**
 * What finding a server's binary needs. Installing goes into `binDir`, first into a staging folder
 * inside it and then by a rename, so that an interrupted install leaves nothing that looks whole.
 */
export interface InstallContext {
  /** `DATA_DIR/bin`; made when missing. */
  binDir: string
  /** One line for the user about what is being done. */
  say: (line: string) => void
  env: NodeJS.ProcessEnv
}

/** One way to get a binary. `unavailable` says why it is not even tried here; null: try it. */
export interface InstallWay {
  name: string
  unavailable: string | null
  /** Returns the path of the binary, or throws with what went wrong. */
  install: () => Promise<string>
}

export interface CommandResult {
  ok: boolean
  /** stdout and stderr together. */
  output: string
}

/** Runs a command to its end; never throws: a missing program is a result like any other. */
export function runCommand(
  command: string,
  args: string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string; timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<CommandResult> {
  return new Promise((done) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.env && { env: options.env }),
      ...(options.cwd && { cwd: options.cwd }),
      ...(options.signal && { signal: options.signal }),
      ...(options.timeoutMs && { timeout: options.timeoutMs, killSignal: 'SIGKILL' as const }),
    })
    const abandon = () => child.kill()
    process.once('exit', abandon)
    child.once('close', () => process.off('exit', abandon))
    let output = ''
    const collect = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-100_000)
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', (error) => done({ ok: false, output: error.message }))
    child.on('close', (code, signal) =>
      done({ ok: code === 0, output: signal ? `${output}\n(ended by ${signal})` : output }),
    )
  })
}

/** The end of a command's output: the part that tells what failed. */
export function lastLines(output: string, count = 3): string {
  return output.trim().split('\n').slice(-count).join(' | ')
}

/** Absolute paths of every executable of that name on the PATH, first one first. */
export function findOnPath(name: string, env: NodeJS.ProcessEnv): string[] {
  return (env.PATH ?? '')
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => resolve(folder, name))
    .filter(isExecutable)
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** Compares dotted versions by number: `7.0.15` is at least `7.0`. */
export function isAtLeast(version: string, minimum: string): boolean {
  const have = version.split('.').map(Number)
  for (const [index, want] of minimum.split('.').map(Number).entries()) {
    const part = have[index] ?? 0
    if (part !== want) return part > want
  }
  return true
}

const STAGING = 'installing-'
const ABANDONED_AFTER_MS = 3_600_000

/** What a killed install left behind. */
function removeAbandoned(binDir: string): void {
  for (const name of readdirSync(binDir).filter((one) => one.startsWith(STAGING))) {
    const stat = statSync(join(binDir, name), { throwIfNoEntry: false })
    if (stat && Date.now() - stat.mtimeMs < ABANDONED_AFTER_MS) continue
    rmSync(join(binDir, name), { recursive: true, force: true })
  }
}

/** Runs `work` with a private folder inside `binDir`, on the same file system, gone afterwards. */
export async function withStaging<T>(
  binDir: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  mkdirSync(binDir, { recursive: true })
  removeAbandoned(binDir)
  const folder = mkdtempSync(join(resolve(binDir), STAGING))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Tells every 2 s how much has arrived in `folder`, for as long as `work` runs: the tools that
 * download show no progress of their own unless they stand on a terminal.
 */
export async function withProgress<T>(
  context: InstallContext,
  label: string,
  folder: string,
  work: Promise<T>,
): Promise<T> {
  let shown = 0
  const timer = setInterval(() => {
    const megabytes = Math.floor(bytesIn(folder) / 1_000_000)
    if (megabytes > shown) context.say(`${label}: ${megabytes} MB so far`)
    shown = Math.max(shown, megabytes)
  }, 2_000)
  try {
    return await work
  } finally {
    clearInterval(timer)
  }
}

/** Bytes of all files below a folder that others may be changing meanwhile. */
function bytesIn(folder: string): number {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false }))
      .reduce((sum, stat) => sum + (stat?.size ?? 0), 0)
  } catch {
    return 0
  }
}

/**
 * Tries the ways in order and returns the first binary.
 * @throws Error whose message lists every way with what came of it, and `advice` last.
 */
export async function installByFirstWay(
  what: string,
  ways: InstallWay[],
  advice: string,
  tried: string[] = [],
): Promise<string> {
  const failures = [...tried]
  for (const way of ways) {
    if (way.unavailable !== null) {
      failures.push(`${way.name}: not possible here: ${way.unavailable}`)
      continue
    }
    try {
      return await way.install()
    } catch (error) {
      failures.push(`${way.name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  const list = failures.map((failure) => `  - ${failure}`).join('\n')
  throw new Error(`no usable ${what}. Tried:\n${list}\nWhat you can do: ${advice}`)
}
