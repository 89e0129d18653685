import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A child process of ours that speaks JSON lines. */
export interface Child {
  readonly process: ChildProcess
  readonly ready: Promise<void>
  readonly exited: Promise<void>
  alive(): boolean
  send(line: unknown[]): void
  /** Sum of a metric over its labels, now; null when the child died before it answered. */
  metric(name: string): Promise<number | null>
  /** SIGKILL and SIGTERM settle when it is gone. */
  kill(signal: NodeJS.Signals): Promise<void>
}

/** What a control switches off, by changing the source as it is loaded; see without.ts. */
export type Without = 'fence' | 'watermark' | 'check'

export function startChild(
  script: 'producer-child.ts' | 'worker-child.ts' | 'scanner-child.ts' | 'billing-child.ts',
  options: object,
  onLine: (line: unknown[]) => void = () => {},
  also: { without?: Without | undefined; logFile?: string } = {},
): Child {
  const seam = also.without ? ['--import', join(import.meta.dirname, 'without.ts')] : []
  const child = spawn(
    process.execPath,
    [...seam, join(import.meta.dirname, script), JSON.stringify(options)],
    {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...(also.without && { WITHOUT: also.without }) },
    },
  )
  const errors = also.logFile ? createWriteStream(also.logFile, { flags: 'a' }) : null
  let lastError = ''
  child.stderr.on('data', (chunk: Buffer) => {
    lastError = (lastError + chunk.toString()).slice(-2_000)
    errors?.write(chunk)
  })
  child.stdin.on('error', () => {})
  const exited = new Promise<void>((done) => child.once('close', () => done()))
  const ready = Promise.withResolvers<void>()
  let asked: ((text: string | null) => void)[] = []
  createInterface({ input: child.stdout }).on('line', (text) => {
    if (!text.startsWith('[')) return void errors?.write(`${text}\n`)
    const line = JSON.parse(text) as unknown[]
    if (line[0] === 'ready') ready.resolve()
    else if (line[0] === 'metrics') asked.shift()?.(String(line[1]))
    else onLine(line)
  })
  void exited.then(() => {
    for (const answer of asked) answer(null)
    asked = []
    ready.reject(new Error(`${script} ended: ${lastError}`))
  })
  ready.promise.catch(() => {})
  const alive = () => child.exitCode === null && child.signalCode === null
  const send = (line: unknown[]) => void child.stdin.write(`${JSON.stringify(line)}\n`)
  return {
    process: child,
    ready: ready.promise,
    exited,
    alive,
    send,
    async metric(name) {
      if (!alive()) return null
      const text = await new Promise<string | null>((done) => {
        asked.push(done)
        send(['metrics'])
      })
      return text === null ? null : sumOf(text, `getcomplical_${name}`)
    },
    async kill(signal) {
      child.kill(signal)
      if (signal === 'SIGKILL' || signal === 'SIGTERM') await exited
    },
  }
}

function sumOf(text: string, name: string): number {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}
