import { describe, expect, test } from 'vitest'
import { DAY } from '../../src/rules/calendar-time.ts'
import { HOURS_LIVE_MS, usageCells } from '../../src/store/usage-cells.ts'
import {
  cutAof,
  flushAll,
  killProducer,
  killRedis,
  killWorker,
  killWorkerInTransaction,
  redisAway,
  stopRedis,
  stopWorkerInCommit,
  stopWorkerPastLease,
  tornFrame,
} from '../faults/inject.ts'
import { integer } from '../faults/random.ts'
import { injectAll, inWorld, report } from './counting-world.ts'

describe('every answered call is counted exactly once', () => {
  test('whichever process is killed, torn, emptied or stopped, with 5,000 calls and more', async () => {
    await inWorld({ producers: 2, workers: 2 }, async (world) => {
      world.traffic(350)
      const hit = await injectAll(world, {
        'redis killed': killRedis,
        'worker killed': killWorker,
        'worker killed inside its transaction': killWorkerInTransaction,
        'producer killed': killProducer,
        FLUSHALL: flushAll,
        'AOF cut': cutAof,
        'frame torn': tornFrame,
        'redis stopped': stopRedis(1_000),
        'worker stopped past its lease': stopWorkerPastLease,
        'redis away': redisAway(1_500),
      })
      await expect.poll(() => world.calls(), { timeout: 30_000 }).toBeGreaterThanOrEqual(5_000)
      const verdict = await world.settle()
      report('all faults', world, hit, verdict)
      expect(verdict.faults).toEqual([])
      expect(verdict.refused).toBe(0)
      expect(verdict.answered).toBeGreaterThan(4_500)
    })
  }, 90_000)

  test('when replies are lost on the wire, to Redis and to MongoDB', async () => {
    await inWorld({ producers: 0, workers: 0 }, async (world) => {
      const wires = [await world.redisProxy(), await world.mongodProxy()] as const
      await world.addWorker({ redis: await world.redisProxy(), mongod: wires[1] })
      await world.addProducer(wires[0])
      world.traffic(400)
      const hit: string[] = []
      for (let i = 1; i <= 8; i++) {
        wires[0].loseReplies(1, 'xadd')
        wires[1].loseReplies(1, i % 2 === 0 ? 'commitTransaction' : 'usageMonths')
        await expect
          .poll(() => wires.map((wire) => wire.lost()), { timeout: 5_000 })
          .toEqual([i, i])
        hit.push('XADD', 'commit')
      }
      const verdict = await world.settle()
      report('lost replies', world, hit, verdict)
      expect(verdict.faults).toEqual([])
      expect(await world.metric('workers', 'rollup_repeated_frames_total')).toBeGreaterThan(0)
      expect(await world.metric('workers', 'rollup_aborted_commits_total')).toBeGreaterThan(0)
    })
  }, 60_000)

  test('though a worker comes back with a flush from before it lost its partitions: it commits nothing', async () => {
    await inWorld({ workers: 1 }, async (world) => {
      world.traffic(600)
      const hit = await injectAll(world, { 'worker stopped in its commit': stopWorkerInCommit })
      const verdict = await world.settle()
      report('stale worker', world, hit, verdict)
      expect(verdict.faults).toEqual([])
      expect(await world.metric('workers', 'rollup_aborted_commits_total')).toBeGreaterThan(0)
    })
  }, 60_000)

  test('in the month it was answered in, also 100 and 400 days late, and no expired hour comes back', async () => {
    await inWorld({ keys: 50 }, async (world) => {
      const ages = [0, 100 * DAY, 400 * DAY]
      world.traffic(500, () => ages[integer(world.random, 0, 2)] ?? 0)
      await expect.poll(() => world.calls(), { timeout: 10_000 }).toBeGreaterThan(1_000)
      const verdict = await world.settle()
      report('late calls', world, [], verdict)
      expect(verdict.faults).toEqual([])
      const { hours, months } = usageCells(world.db)
      const expired = new Date(Date.now() - HOURS_LIVE_MS)
      expect(await hours.countDocuments({ at: { $lt: expired } })).toBe(0)
      expect(await months.countDocuments({ at: { $lt: expired } })).toBeGreaterThan(0)
    })
  })
})
