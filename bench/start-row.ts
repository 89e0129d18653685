import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { loadEnvironment } from '../src/config.ts'
import { type RunningProcess, stopProcess, watchProcess } from '../src/embedded/running-process.ts'
import { graphqlRequest, openLoad } from './load.ts'
import { findServers } from './machine.ts'
import { benchQuery } from './pipeline.ts'
import { median } from './rounds.ts'
import { printAbsolute, type Row } from './row.ts'

const measuredRounds = 3
const targetSeconds = 5
const readyWithinMs = 60_000
const stopGraceMs = 30_000
const root = join(import.meta.dirname, '..')

export const startRow: Row = {
  name: 'start',
  about:
    '`npm start` on an installed clone until a call is answered, first start and restart; ≤ 5 s',
  async run({ rounds, quiet }) {
    const { redis, mongod } = await findServers()
    const path = [dirname(redis), dirname(mongod), process.env.PATH].join(delimiter)
    const first: number[] = []
    const again: number[] = []
    for (let round = 0; round < (rounds ?? measuredRounds); round++) {
      const dataDir = mkdtempSync(join(tmpdir(), 'getcomplical-bench-start-'))
      try {
        first.push(await secondsToReady(dataDir, path))
        again.push(await secondsToReady(dataDir, path))
      } finally {
        rmSync(dataDir, { recursive: true, force: true })
      }
    }
    const good = [
      printSeconds(first, '`npm start` to the first answer, on empty data', quiet),
      printSeconds(again, '`npm start` to the first answer, restart', quiet),
    ]
    return good.every(Boolean)
  },
}

function printSeconds(values: readonly number[], text: string, quiet: boolean): boolean {
  const slowest = `slowest of ${values.length}: ${Math.max(...values).toFixed(2)} s`
  const figure = { value: median(values), unit: 's', text: `${text} (${slowest})` }
  return printAbsolute({ ...figure, atMost: targetSeconds, digits: 2 }, quiet)
}

/** From typing `npm start` until the demo key's first metered call is answered. */
async function secondsToReady(dataDir: string, path: string): Promise<number> {
  const env: NodeJS.ProcessEnv = { ...loadEnvironment(), PATH: path, DATA_DIR: dataDir, PORT: '0' }
  // What is measured brings its own servers.
  delete env.REDIS_URL
  delete env.MONGODB_URI
  const startedAt = performance.now()
  const running = watchProcess(
    spawn('npm', ['start'], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] }),
  )
  try {
    await untilItSaysSo(running)
    await askOnce(dataDir)
    return (performance.now() - startedAt) / 1_000
  } finally {
    await stopProcess(running, stopGraceMs)
  }
}

async function untilItSaysSo(running: RunningProcess): Promise<void> {
  const deadline = performance.now() + readyWithinMs
  while (!running.recentOutput().some((line) => line.includes('a later start continues'))) {
    if (running.child.exitCode !== null || performance.now() > deadline) {
      throw new Error(`npm start is not ready:\n${running.recentOutput().join('\n')}`)
    }
    await setTimeout(5)
  }
}

async function askOnce(dataDir: string): Promise<void> {
  const demo: { url: string; apiKey: string } = JSON.parse(
    readFileSync(join(dataDir, 'demo.json'), 'utf8'),
  )
  const request = graphqlRequest(benchQuery, { 'X-Api-Key': demo.apiKey })
  const load = await openLoad(Number(new URL(demo.url).port), [request])
  await load.run(0)
  load.close()
}
