import { describe, expect, test } from 'vitest'
import { flushAll, stopWorkerInCommit } from '../faults/inject.ts'
import type { Verdict } from '../faults/ledger.ts'
import { injectAll, inWorld, report } from './counting-world.ts'

describe('controls: without its safeguard the same check fails', () => {
  test('without the fence a worker that was stopped counts again what its successor counted', async () => {
    await inWorld({ workers: 1, without: 'fence' }, async (world) => {
      world.traffic(600)
      // A write conflict with its successor's next renewal may stop it once.
      const hit: string[] = []
      let verdict: Verdict
      do {
        hit.push(
          ...(await injectAll(world, { 'worker stopped in its commit': stopWorkerInCommit })),
        )
        verdict = await world.settle(20_000, 1_500)
        world.traffic(600)
      } while (verdict.double === 0 && hit.length < 5)
      report('control: no fence', world, hit, verdict)
      expect(verdict.double).toBeGreaterThan(0)
    })
  }, 120_000)

  test('without watermarks what is sent again counts again', async () => {
    await inWorld({ without: 'watermark', producers: 0 }, async (world) => {
      const wire = await world.redisProxy()
      await world.addProducer(wire)
      world.traffic(600)
      wire.loseReplies(10, 'xadd')
      await expect.poll(() => wire.lost(), { timeout: 5_000 }).toBe(10)
      const hit = new Array<string>(10).fill('XADD')
      const verdict = await world.settle(20_000, 3_000)
      report('control: no watermark', world, hit, verdict)
      expect(verdict.double).toBeGreaterThan(0)
    })
  }, 60_000)

  test("without the producer's check what Redis lost stays lost", async () => {
    await inWorld({ without: 'check' }, async (world) => {
      world.traffic(600)
      const hit = await injectAll(world, { FLUSHALL: flushAll })
      const verdict = await world.settle(20_000, 3_000)
      report('control: no check', world, hit, verdict)
      expect(verdict.lost).toBeGreaterThan(0)
    })
  }, 60_000)
})
