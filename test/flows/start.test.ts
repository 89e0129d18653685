import { execFile } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { freePort } from '../../src/embedded/free-port.ts'
import { findLeftovers } from '../../src/embedded/leftovers.ts'
import { type Demo, npmStart, type Start, temporaryData } from './npm-start.ts'

const run = promisify(execFile)
const within = { timeout: 20_000, interval: 50 }

const cleanUp: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const step of cleanUp.reverse()) await step()
})

function newData(): string {
  const { dataDir, remove } = temporaryData()
  cleanUp.push(remove)
  return dataDir
}

async function ask(demo: Demo, query: string) {
  const response = await fetch(`${demo.url}/graphql`, {
    method: 'POST',
    headers: { 'x-api-key': demo.apiKey, 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
    signal: AbortSignal.timeout(5_000),
  })
  return await response.json()
}

const oneCall = '{ taxDates(country: AU, year: 2026, first: 1) { edges { node { dueDate } } } }'

async function usedBy(demo: Demo): Promise<number> {
  const { data } = await ask(demo, '{ monthlyUsage { totalRequests } }')
  return data.monthlyUsage.totalRequests
}

/** `npm start` itself is not among them: it is the one who asks. */
async function childrenIn(dataDir: string): Promise<Map<string, number>> {
  const found = await findLeftovers(dataDir, null)
  return new Map(found.map(({ name, pid }) => [name.replace(/^.*\//, ''), pid]))
}

async function endInOrder(start: Start): Promise<void> {
  start.child.kill('SIGTERM')
  expect(await start.exited).toEqual({ code: 0, signal: null })
}

describe('npm start on empty data', { timeout: 120_000 }, async () => {
  const dataDir = newData()
  const port = String(await freePort())

  it('answers the very curl line that it prints, and counts that call', async () => {
    const start = npmStart(dataDir, { PORT: port })
    const demo = await start.ready
    const before = await usedBy(demo)
    const curl = start.output().match(/^ {2}(curl .*)$/m)?.[1]
    const { stdout } = await run('sh', ['-c', curl ?? 'false'])
    expect(JSON.parse(stdout).data.taxDates.edges).toHaveLength(3)
    await vi.waitFor(async () => expect(await usedBy(demo)).toBe(before + 1), within)
    await endInOrder(start)
    expect(await childrenIn(dataDir)).toEqual(new Map())
  })

  it('keeps its secrets to their owner, and continues with the same key and data', async () => {
    const start = npmStart(dataDir, { PORT: port })
    const demo = await start.ready
    for (const name of ['demo.json', 'secrets.json', 'demo-secret.json']) {
      expect(statSync(join(dataDir, name)).mode & 0o777).toBe(0o600)
    }
    const written = readFileSync(join(dataDir, 'demo.json'), 'utf8')
    const before = await usedBy(demo)
    await ask(demo, oneCall)
    // Not rolled up yet, perhaps: a stop in order loses nothing either way.
    await endInOrder(start)

    const again = npmStart(dataDir, { PORT: port })
    expect(await again.ready).toEqual(demo)
    expect(readFileSync(join(dataDir, 'demo.json'), 'utf8')).toBe(written)
    await vi.waitFor(async () => expect(await usedBy(demo)).toBe(before + 1), within)
    await endInOrder(again)
  })

  it('starts again at once after it was killed, and counts what it had answered', async () => {
    const killed = npmStart(dataDir, { PORT: port })
    const demo = await killed.ready
    const before = await usedBy(demo)
    await ask(demo, oneCall)
    killed.child.kill('SIGKILL')
    await killed.exited

    const start = npmStart(dataDir, { PORT: port })
    expect(await start.ready).toEqual(demo)
    await vi.waitFor(async () => expect(await usedBy(demo)).toBe(before + 1), within)
    await endInOrder(start)
  })

  it('leaves no process behind when it is killed, for the others see its end', async () => {
    const start = npmStart(dataDir, { PORT: port })
    await start.ready
    start.child.kill('SIGKILL')
    // They end within seconds, but for what the disk keeps: an exit waits for each write that is under way.
    const atLast = { ...within, timeout: 80_000 }
    await vi.waitFor(async () => expect(await childrenIn(dataDir)).toEqual(new Map()), atLast)
  })
})

describe('what npm start watches over', { timeout: 120_000 }, async () => {
  const dataDir = newData()
  const port = String(await freePort())

  it('comes back whichever of its processes is killed, and every call is counted', async () => {
    const start = npmStart(dataDir, { PORT: port })
    const demo = await start.ready
    const names = ['server.ts', 'worker.ts', 'redis-server', 'mongod']
    for (const name of names) {
      const before = (await childrenIn(dataDir)).get(name)
      if (before === undefined) throw new Error(`${name} does not run`)
      process.kill(before, 'SIGKILL')
      await vi.waitFor(async () => {
        const now = (await childrenIn(dataDir)).get(name)
        expect(now).toBeDefined()
        expect(now).not.toBe(before)
      }, within)
      await vi.waitFor(async () => expect(await ask(demo, oneCall)).toHaveProperty('data'), within)
    }
    await vi.waitFor(async () => expect(await usedBy(demo)).toBe(names.length), within)
    await endInOrder(start)
  })

  it('refuses a second start on the same data and leaves the first alone', async () => {
    const start = npmStart(dataDir, { PORT: port })
    const demo = await start.ready
    const second = npmStart(dataDir, { PORT: '0' })
    expect(await second.exited).toEqual({ code: 1, signal: null })
    expect(second.output()).toContain('runs already with this data')
    expect(await ask(demo, oneCall)).toHaveProperty('data')
    await endInOrder(start)
  })

  it('changes nothing about its stop when further signals come', async () => {
    const start = npmStart(dataDir, { PORT: port })
    await start.ready
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGINT'] as const) start.child.kill(signal)
    expect(await start.exited).toEqual({ code: 0, signal: null })
    expect(await childrenIn(dataDir)).toEqual(new Map())
  })

  it('stops in order when it is told to while it still starts', async () => {
    const start = npmStart(dataDir, { PORT: port })
    await vi.waitFor(
      async () => expect((await childrenIn(dataDir)).has('mongod')).toBe(true),
      within,
    )
    start.child.kill('SIGTERM')
    expect(await start.exited).toEqual({ code: 0, signal: null })
    expect(await childrenIn(dataDir)).toEqual(new Map())
  })
})

describe('what stops the start', { timeout: 60_000 }, () => {
  it('is a port that another program has, said in plain words', async () => {
    const port = await freePort()
    const other = createServer().listen(port, '127.0.0.1')
    cleanUp.push(async () => other.close())
    const dataDir = newData()
    const start = npmStart(dataDir, { PORT: String(port) })
    expect(await start.exited).toEqual({ code: 1, signal: null })
    expect(start.output()).toContain(`Port ${port} on 127.0.0.1 is taken by another program`)
    expect(await childrenIn(dataDir)).toEqual(new Map())
  })

  it.each(['/proc/getcomplical', '/etc/passwd'])('is the DATA_DIR %s, by name', async (path) => {
    const start = npmStart(newData(), { DATA_DIR: path })
    expect(await start.exited).toEqual({ code: 1, signal: null })
    expect(start.output()).toContain(`DATA_DIR (${path}) cannot be used`)
  })

  it('is any wrong setting, and all of them are named at once', async () => {
    const start = npmStart(newData(), { PORT: 'http', LOG_LEVEL: 'loud', PLANS_FILE: '/nowhere' })
    expect(await start.exited).toEqual({ code: 1, signal: null })
    for (const name of ['PORT', 'LOG_LEVEL', 'PLANS_FILE']) {
      expect(start.output()).toContain(`  ${name}: `)
    }
  })

  it('is an external MongoDB without the secrets that all its machines must share', async () => {
    const start = npmStart(newData(), { MONGODB_URI: 'mongodb://127.0.0.1:1/x' })
    expect(await start.exited).toEqual({ code: 1, signal: null })
    for (const name of ['ADMIN_API_KEY', 'API_KEY_PEPPER', 'ENCRYPTION_KEYS']) {
      expect(start.output()).toContain(`  ${name}: missing`)
    }
  })
})
