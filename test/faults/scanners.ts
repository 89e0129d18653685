import { type AlertDoc, alerts } from '../../src/store/alerts.ts'
import { apiKeys } from '../../src/store/api-keys.ts'
import { channels } from '../../src/store/channels.ts'
import { deliveries } from '../../src/store/deliveries.ts'
import { createIndexes } from '../../src/store/indexes.ts'
import { usageCells } from '../../src/store/usage-cells.ts'
import { type Child, startChild } from './children.ts'
import { integer } from './random.ts'
import type { World } from './world.ts'

/** Processes that raise alerts over the keys of a world, and the judgement of what they raised. */
export interface Scanners {
  /** kill -9 of the one that follows the partitions, or of any other, and a new one in its place. */
  kill(): Promise<boolean>
  /** What is wrong with the alerts, once nothing is missing any more or after `ms`. */
  judge(ms?: number): Promise<{ faults: string[]; raised: number; passed: number }>
  close(): Promise<void>
}

export interface ScannersOptions {
  scanners: number
  /** Of the world: `key_1` … */
  keys: number
  monthlyLimit: number
}

/** Each key also has twenty thresholds of its own, ever wider apart, so that some are reached all the time. */
const THRESHOLDS = 20

export async function startScanners(
  world: World,
  { scanners, keys, monthlyLimit }: ScannersOptions,
): Promise<Scanners> {
  const { db, random } = world
  await createIndexes(db)
  const ids = Array.from({ length: keys }, (_, n) => `key_${n + 1}`)
  const own = Array.from({ length: THRESHOLDS }, (_, n) => {
    return Math.max(n + 1, Math.floor(monthlyLimit ** ((n + 1) / THRESHOLDS)))
  })
  await apiKeys(db).insertMany(
    ids.map((_id) => ({
      ...{ _id, accountId: `acc_${_id}`, name: _id, prefix: 'gc_live_test', lastFour: '0000' },
      ...{ secrets: [{ hash: _id }], tier: 'pro', blockedBecause: null, revokedAt: null },
      ...{ alertsEnabled: true, createdAt: new Date() },
      alertThresholds: own.map((requests) => ({ requests })),
    })),
  )
  await channels(db).insertMany(
    ids.map((id) => ({
      ...{ _id: `ch_acc_${id}`, accountId: `acc_${id}`, kind: 'EMAIL' as const, name: id },
      ...{ target: { keyId: '', iv: '', data: '' }, shown: '', secret: null, levels: null },
      ...{ apiKeyIds: null, enabled: true, disabledBecause: null, createdAt: new Date() },
    })),
  )
  const options = { redisUrl: world.redis.url, mongodbUri: world.mongodbUri, monthlyLimit }
  const children: Child[] = []
  const add = async () => {
    const child = startChild('scanner-child.ts', options)
    await child.ready
    children.push(child)
  }
  await Promise.all(Array.from({ length: scanners }, add))

  async function victim(): Promise<Child | undefined> {
    const alive = children.filter((child) => child.alive())
    const other = alive[integer(random, 0, alive.length - 1)]
    if (integer(random, 0, 1) === 0) return other
    for (const child of alive) {
      if (((await child.metric('alert_partitions_followed')) ?? 0) > 0) return child
    }
    return other
  }

  async function findings() {
    const all = await alerts(db).find().toArray()
    const months = await usageCells(db).months.find().toArray()
    const used = new Map(months.map(({ apiKeyId, total }) => [apiKeyId, total]))
    const faults = [...repeated(all), ...wrongNumbers(all)]
    const wanted = [...[0.8, 0.95, 1].map((share) => Math.ceil(share * monthlyLimit)), ...own]
    for (const id of ids) {
      const reached = wanted.filter((at) => (used.get(id) ?? 0) >= at).length
      const recorded = all.filter(({ apiKeyId }) => apiKeyId === id).length
      if (recorded !== reached) faults.push(`${id}: ${recorded} records, ${reached} levels reached`)
    }
    const raised = all.filter(({ passed }) => !passed).length
    const sent = await deliveries(db).countDocuments()
    if (sent !== raised) faults.push(`${sent} deliveries of ${raised} alerts`)
    return { faults, raised, passed: all.length - raised }
  }

  return {
    async kill() {
      const child = await victim()
      await child?.kill('SIGKILL')
      await add()
      return child !== undefined && !child.alive()
    },
    async judge(ms = 90_000) {
      const deadline = performance.now() + ms
      for (;;) {
        const found = await findings()
        if (found.faults.length === 0 || performance.now() > deadline) return found
        await new Promise((done) => setTimeout(done, 250))
      }
    },
    async close() {
      await Promise.all(children.map((child) => child.kill('SIGKILL')))
    },
  }
}

/** By what they say, not by their ids, which MongoDB keeps single. */
function repeated(all: readonly AlertDoc[]): string[] {
  const faults: string[] = []
  const levels = Map.groupBy(
    all.filter(({ level }) => level !== 'THRESHOLD'),
    ({ apiKeyId, month, level, monthlyLimit }) => [apiKeyId, month, level, monthlyLimit].join(),
  )
  for (const [what, some] of levels)
    if (some.length > 1) faults.push(`${what}: ${some.length} times`)
  return faults
}

/** Each account counts its alerts from 1, none twice. */
function wrongNumbers(all: readonly AlertDoc[]): string[] {
  const faults: string[] = []
  for (const [accountId, some] of Map.groupBy(all, (alert) => alert.accountId)) {
    const numbers = new Set(some.map(({ sequence }) => sequence))
    if (numbers.size !== some.length) faults.push(`${accountId}: a number was given twice`)
  }
  return faults
}
