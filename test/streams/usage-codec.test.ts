import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createTableWriter,
  decodeBlob,
  encodeBlob,
  encodeFrame,
  eventsOf,
  readFrame,
} from '../../src/streams/usage-codec.ts'
import type { UsageEvent } from '../../src/streams/usage-event.ts'

const event = fc.record({
  at: fc.integer({ min: 0, max: 4e12 }),
  apiKeyId: fc.string({ minLength: 1, maxLength: 20 }),
  accountId: fc.string({ maxLength: 20 }),
  tier: fc.constantFrom('free', 'pro', 'enterprise'),
  endpoint: fc.constantFrom('taxDates', 'countries', 'GET /api/v1/tax-dates'),
  units: fc.integer({ min: 0, max: 1_000 }),
  failed: fc.integer({ min: 0, max: 1_000 }),
})
// A key belongs to one account for ever; the dictionaries rely on it.
const events = fc
  .array(event, { minLength: 1, maxLength: 50 })
  .map((list) => list.map((one) => ({ ...one, accountId: `acc_${one.apiKeyId}` })))

const one: UsageEvent = {
  at: 1_763_800_000_000,
  apiKeyId: 'key_AbCdEfGhIjKl',
  accountId: 'acc_AbCdEfGhIjKlMnOp',
  tier: 'pro',
  endpoint: 'taxDates',
  units: 1,
  failed: 0,
}

function blobOf(list: readonly UsageEvent[], frame = { from: 0, n: 1, to: 1 }) {
  const writer = createTableWriter(list[0]?.at ?? 0)
  const flat: number[] = []
  for (const item of list) writer.add(flat, item)
  const { from, to, n } = frame
  return { producer: 'p1', from, to, ...writer.table, frames: [{ n, events: flat }] }
}

describe('frames', () => {
  test('what is written is read, whatever the events', () => {
    fc.assert(
      fc.property(events, fc.integer({ min: 1, max: 2 ** 40 }), (list, n) => {
        const bytes = encodeFrame(n, list)
        const step = readFrame(Buffer.concat([Buffer.alloc(3), bytes, Buffer.alloc(9)]), 3)
        if (step.kind !== 'frame') throw new Error(step.kind)
        expect(step.frame.n).toBe(n)
        expect(step.end).toBe(3 + bytes.length)
        expect(eventsOf(step.frame, step.frame.events)).toEqual(list)
      }),
    )
  })

  test('a frame cut anywhere is never taken for a whole one', () => {
    const bytes = encodeFrame(7, [one, { ...one, units: 3 }])
    for (let length = 1; length < bytes.length; length++) {
      expect(readFrame(bytes.subarray(0, length), 0).kind).toBe('more')
      const inZeros = Buffer.concat([bytes.subarray(0, length), Buffer.alloc(bytes.length)])
      // The last byte of the payload is a zero of its own.
      if (!inZeros.subarray(0, bytes.length).equals(bytes)) {
        expect(readFrame(inZeros, 0).kind).toBe('bad')
      }
    }
  })

  test('a frame with any single bit turned is bad or asks for more, and never another frame', () => {
    const bytes = encodeFrame(7, [one])
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const turned = Buffer.from(bytes)
      turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(readFrame(turned, 0).kind).not.toBe('frame')
    }
  })

  test('zeros written in advance are the end, and not a frame of length 0', () => {
    expect(readFrame(Buffer.alloc(64), 0)).toEqual({ kind: 'end' })
    expect(readFrame(Buffer.alloc(0), 0)).toEqual({ kind: 'end' })
  })

  test('one event takes less than a hundred bytes, many of the same keys below ten each', () => {
    expect(encodeFrame(100_000, [one]).length).toBeLessThan(100)
    const many = Array.from({ length: 1_000 }, (_, i) => ({ ...one, at: one.at + i }))
    expect(encodeBlob(blobOf(many)).length / many.length).toBeLessThan(10)
  })
})

describe('blobs', () => {
  test('what is written is read, whatever the events', () => {
    fc.assert(
      fc.property(events, (list) => {
        const blob = decodeBlob(encodeBlob(blobOf(list)))
        if (!blob) throw new Error('not decoded')
        expect(eventsOf(blob, blob.frames[0]?.events ?? [])).toEqual(list)
      }),
    )
  })

  test('a key whose tier changes within a batch keeps each event’s own tier', () => {
    const list = [one, { ...one, tier: 'free' }, one]
    const blob = decodeBlob(encodeBlob(blobOf(list)))
    expect(blob && eventsOf(blob, blob.frames[0]?.events ?? [])).toEqual(list)
  })

  test('noise, later versions and wild values are refused, so that no commit can choke on them', () => {
    const good = blobOf([one])
    const wild = (events_: unknown[]) => ({
      ...good,
      frames: [{ n: 1, events: events_ as number[] }],
    })
    const bad = [
      { ...good, producer: 'a.b' },
      { ...good, producer: '$set' },
      { ...good, from: 2 },
      { ...good, to: -1 },
      { ...good, base: Number.NaN },
      { ...good, who: ['key_1'] },
      { ...good, frames: [{ n: 5, events: good.frames[0]?.events ?? [] }] },
      wild([0, 0, 0, 1]),
      wild([1, 0, 0, 1, 0]),
      wild([0, 1, 0, 1, 0]),
      wild([0, 0, 1e15, 1, 0]),
      wild([0, 0, 0, -1, 0]),
      wild([0, 0, 0, 0.5, 0]),
      wild([0, 0, 0, 1, '1']),
      wild([0, 0, 0, Number.NaN, 0]),
    ]
    for (const blob of bad) expect(decodeBlob(encodeBlob(blob))).toBeNull()
    const later = encodeBlob(good)
    later[1] = 2
    expect(decodeBlob(later)).toBeNull()
    fc.assert(fc.property(fc.uint8Array(), (noise) => decodeBlob(Buffer.from(noise)) === null))
  })
})
