import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inject } from 'vitest'
import { z } from 'zod'
import { endLeftovers, findLeftovers } from '../../src/embedded/leftovers.ts'

const entry = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

const demo = z.strictObject({
  url: z.string(),
  apiKey: z.string(),
  adminApiKey: z.string(),
  accountId: z.string(),
  apiKeyId: z.string(),
  redisUrl: z.string(),
  mongodbUri: z.string(),
})
export type Demo = z.infer<typeof demo>

/** What `npm start` runs, as a process of its own on data of its own. */
export interface Start {
  child: ChildProcess
  output(): string
  /** Settles when it says that it answers; rejects with its output when it ends first. */
  ready: Promise<Demo>
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

const started = new Map<string, Start[]>()

/** A folder for DATA_DIR, and an end that leaves no process behind, whatever the test did. */
export function temporaryData(): { dataDir: string; remove: () => Promise<void> } {
  const dataDir = mkdtempSync(join(tmpdir(), 'getcomplical-start-'))
  const remove = async () => {
    // First who would start the others again.
    for (const { child, exited } of started.get(dataDir) ?? []) {
      child.kill('SIGKILL')
      await exited
    }
    await endLeftovers(await findLeftovers(dataDir, null), 1_000)
    rmSync(dataDir, { recursive: true, force: true })
  }
  return { dataDir, remove }
}

/** @param env further settings; nothing of this process's environment but the PATH reaches it */
export function npmStart(dataDir: string, env: Record<string, string> = {}): Start {
  const servers = [inject('redisBinary'), inject('mongodBinary')].map((path) => dirname(path))
  const path = [...servers, process.env.PATH].join(delimiter)
  const child = spawn(process.execPath, [entry], {
    // Not the project's folder: its `.env` is the developer's, not the test's.
    cwd: dataDir,
    env: { PATH: path, DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((done) => {
    child.once('exit', (code, signal) => done({ code, signal }))
  })
  const ready = new Promise<Demo>((done, fail) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes('a later start continues')) done(readDemo(dataDir))
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    void exited.then(() => fail(new Error(`it ended:\n${output}`)))
  })
  // Some tests expect it to fail and look at the output instead.
  ready.catch(() => {})
  const start = { child, output: () => output, ready, exited }
  started.set(dataDir, [...(started.get(dataDir) ?? []), start])
  return start
}

export function readDemo(dataDir: string): Demo {
  return demo.parse(JSON.parse(readFileSync(join(dataDir, 'demo.json'), 'utf8')))
}
