import { expect, test } from 'vitest'
import { startScanners } from '../faults/scanners.ts'
import { inWorld } from './counting-world.ts'

const size = { scanners: 4, keys: 10, monthlyLimit: 60 }

/** `npm run test:faults -- --row kill-scanner` does the same with 20 scanners and 50 kills. */
test('scanners that are killed raise each level of each key once, and miss none', async () => {
  await inWorld({ workers: 1, producers: 1, keys: size.keys }, async (world) => {
    const scanners = await startScanners(world, size)
    try {
      world.traffic(60)
      for (let kills = 0; kills < 6; kills++) expect(await scanners.kill()).toBe(true)
      await expect.poll(() => world.calls(), { timeout: 30_000 }).toBeGreaterThan(size.keys * 70)
      expect((await world.settle()).faults).toEqual([])
      const { faults, raised, passed } = await scanners.judge(30_000)
      console.log(`alerts: ${raised} raised, ${passed} passed by jumps, 6 kills`)
      expect(faults).toEqual([])
      expect(raised).toBeGreaterThan(size.keys * 4)
    } finally {
      await scanners.close()
    }
  })
}, 90_000)
