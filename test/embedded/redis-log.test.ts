import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { afterAll, expect, inject, test } from 'vitest'
import { startEmbeddedServers } from '../../src/embedded/embedded-servers.ts'
import { keptServers } from '../../src/embedded/kept-files.ts'
import { redisDir } from '../../src/embedded/leftovers.ts'
import type { Supervisor } from '../../src/embedded/supervisor.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'getcomplical-redis-log-'))
let running: Supervisor | undefined
afterAll(async () => {
  await running?.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

async function startRedis(): Promise<Redis> {
  const { ready } = await startEmbeddedServers(
    { redis: true, mongod: false },
    {
      dataDir,
      apiPort: 1,
      env: { PATH: `${dirname(inject('redisBinary'))}:${process.env.PATH}` },
      say: () => {},
      log: pino({ level: 'silent' }),
      started: (_, server) => {
        running = server
      },
    },
  )
  await ready
  return new Redis(keptServers.read(dataDir)?.redisPort ?? 0)
}

/** The part of the log that grows; Redis 7 keeps several files. */
function logFile(): string {
  const folder = join(redisDir(dataDir), 'appendonlydir')
  const name = readdirSync(folder).find((one) => one.endsWith('.incr.aof'))
  return join(folder, name ?? '')
}

test('a log with its end torn off keeps what is whole, one damaged in its midst is set aside', async () => {
  const first = await startRedis()
  for (let n = 0; n < 100; n += 1) await first.set(`key${n}`, 'x'.repeat(100))
  first.disconnect()
  await running?.stop()

  const whole = readFileSync(logFile())
  writeFileSync(logFile(), whole.subarray(0, -7))
  const torn = await startRedis()
  expect(await torn.dbsize()).toBe(99)
  torn.disconnect()
  await running?.stop()

  const damaged = readFileSync(logFile())
  damaged.fill('?', 2_000, 2_400)
  writeFileSync(logFile(), damaged)
  const fresh = await startRedis()
  expect(await fresh.dbsize()).toBe(0)
  await fresh.set('works', '1')
  fresh.disconnect()
  expect(readdirSync(redisDir(dataDir)).some((name) => name.startsWith('damaged-'))).toBe(true)
})
