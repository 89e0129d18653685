import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, inject, test, vi } from 'vitest'
import { lockDataDir } from '../../src/embedded/data-dir-lock.ts'
import { freePort } from '../../src/embedded/free-port.ts'
import {
  endLeftovers,
  findLeftovers,
  mongodDir,
  redisDir,
  SUPERVISED_IN,
} from '../../src/embedded/leftovers.ts'
import { mongodReady, startMongodServer } from '../../src/embedded/mongod-server.ts'
import { redisReady, startRedisServer } from '../../src/embedded/redis-server.ts'
import { stopProcess } from '../../src/embedded/running-process.ts'

const cleanUp: (() => unknown)[] = []
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step()
})

function newDataDir(): string {
  const dataDir = mkdtempSync(join(tmpdir(), 'getcomplical-left-'))
  cleanUp.push(() => rmSync(dataDir, { recursive: true, force: true }))
  return dataDir
}

async function startServers(dataDir: string) {
  const [port, other] = [await freePort(), await freePort()]
  const binary = inject('redisBinary')
  const redis = startRedisServer({ binary, port, dataDir: redisDir(dataDir) })
  const mongodFiles = { dataDir: mongodDir(dataDir), port: other }
  const mongod = startMongodServer({ binary: inject('mongodBinary'), ...mongodFiles })
  cleanUp.push(() => stopProcess(redis, 1_000))
  cleanUp.push(() => stopProcess(mongod, 1_000))
  await Promise.all([redisReady(redis, port), mongodReady(mongod, other)])
  return { redis, mongod, ports: { redisPort: port, mongodPort: other } }
}

test('servers that run on this data are found, those on other data are not', async () => {
  const [mine, theirs] = [newDataDir(), newDataDir()]
  const own = await startServers(mine)
  await startServers(theirs)
  const found = await findLeftovers(mine, own.ports)
  expect(found.toSorted((a, b) => a.name.localeCompare(b.name))).toEqual([
    { pid: own.mongod.child.pid, name: 'mongod' },
    { pid: own.redis.child.pid, name: 'redis-server' },
  ])
  await endLeftovers(found, 10_000)
  expect(await findLeftovers(mine, own.ports)).toEqual([])
  expect(await findLeftovers(theirs, null)).toHaveLength(2)
})

test('our own processes are found by their environment, and killed when they do not end', async () => {
  const dataDir = newDataDir()
  const deaf = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("up")'
  const child = spawn(process.execPath, ['-e', deaf, 'server.ts'], {
    env: { [SUPERVISED_IN]: dataDir },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  cleanUp.push(() => child.kill('SIGKILL'))
  await new Promise((up) => child.stdout.once('data', up))
  const found = await findLeftovers(dataDir, null)
  expect(found).toEqual([{ pid: child.pid, name: 'server.ts' }])
  await endLeftovers(found, 200)
  await vi.waitFor(() => expect(child.signalCode).toBe('SIGKILL'))
})

test('data has one holder at a time, and a killed one leaves no lock behind', async () => {
  const dataDir = newDataDir()
  mkdirSync(dataDir, { recursive: true })
  const url = new URL('../../src/embedded/data-dir-lock.ts', import.meta.url)
  const script = `import { lockDataDir } from ${JSON.stringify(url.href)}
    await lockDataDir(${JSON.stringify(dataDir)}); console.log('held'); setInterval(() => {}, 1000)`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  cleanUp.push(() => holder.kill('SIGKILL'))
  await new Promise((held) => holder.stdout.once('data', held))
  await expect(lockDataDir(dataDir)).rejects.toThrow('runs already with this data')
  holder.kill('SIGKILL')
  await new Promise((gone) => holder.once('exit', gone))
  await lockDataDir(dataDir)
  await expect(lockDataDir(dataDir)).rejects.toThrow('runs already with this data')
})
