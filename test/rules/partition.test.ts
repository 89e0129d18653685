import { randomBytes } from 'node:crypto'
import slotOf from 'cluster-key-slot'
import { describe, expect, test } from 'vitest'
import {
  liveStream,
  partitionCount,
  partitionOf,
  tagOf,
  usageStream,
} from '../../src/rules/partition.ts'

const partitions = Array.from({ length: partitionCount }, (_, p) => p)

describe('partitions', () => {
  test('each tag lies in its own sixteenth of the slots, away from the edges', () => {
    const share = 16_384 / partitionCount
    for (const p of partitions) {
      const inShare = slotOf(usageStream(p)) - p * share
      expect(inShare).toBeGreaterThanOrEqual(share / 4)
      expect(inShare).toBeLessThan((share * 3) / 4)
    }
  })

  test('the streams of a partition share a slot, so one command may name both', () => {
    for (const p of partitions) expect(slotOf(usageStream(p))).toBe(slotOf(liveStream(p)))
  })

  test('an even split of the slots over any number of masters splits the partitions evenly', () => {
    for (const masters of [2, 3, 4, 8, 16]) {
      const load = new Array<number>(masters).fill(0)
      for (const p of partitions) {
        const master = Math.floor((slotOf(usageStream(p)) * masters) / 16_384)
        load[master] = (load[master] ?? 0) + 1
      }
      expect(Math.max(...load) - Math.min(...load)).toBeLessThanOrEqual(1)
    }
  })

  test('key ids spread evenly over the partitions', () => {
    const load = new Array<number>(partitionCount).fill(0)
    for (let i = 0; i < 32_000; i++) {
      const p = partitionOf(`key_${randomBytes(9).toString('base64url')}`)
      load[p] = (load[p] ?? 0) + 1
    }
    expect(Math.min(...load)).toBeGreaterThan(1_750)
    expect(Math.max(...load)).toBeLessThan(2_250)
  })

  test('the hash never changes: these ids stay where the first release put them', () => {
    expect(['key_demo00000001', 'key_demo00000002', 'key_AbCdEfGhIjKl'].map(partitionOf)).toEqual([
      9, 0, 14,
    ])
  })

  test('there is no tag for what is no partition', () => {
    expect(() => tagOf(partitionCount)).toThrow(RangeError)
  })
})
