import { execFile } from 'node:child_process'
import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Registry } from 'prom-client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createLog } from '../../src/log.ts'
import { partitionOf } from '../../src/rules/partition.ts'
import { createSpool, type OpenSpool } from '../../src/streams/spool.ts'
import {
  createSpoolSegments,
  type Damage,
  type SpoolSegments,
  segmentsOnDisk,
} from '../../src/streams/spool-segments.ts'
import { encodeFrame, eventsOf } from '../../src/streams/usage-codec.ts'
import type { UsageEvent } from '../../src/streams/usage-event.ts'
import { createProducerMetrics } from '../../src/streams/usage-producer-metrics.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'getcomplical-spool-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

function open(segmentBytes = 4_096): OpenSpool {
  const metrics = createProducerMetrics(new Registry())
  return createSpool({
    dir,
    segmentBytes,
    clock: Date.now,
    log: createLog('silent', 'test'),
    metrics,
  })
}

function event(i: number): UsageEvent {
  const key = { apiKeyId: `key_${i % 40}`, accountId: 'acc_1', tier: 'pro' }
  return { ...key, at: 1_763_800_000_000 + i, endpoint: 'taxDates', units: 1, failed: 0 }
}

function readAll(segments: SpoolSegments, after = 0, maxBytes = 1_000): UsageEvent[] {
  const events: UsageEvent[] = []
  let cursor = segments.locate(after)
  for (;;) {
    const step = segments.read(cursor, maxBytes)
    for (const frame of step.frames) events.push(...eventsOf(frame, frame.events))
    if (step.cursor.segment === cursor.segment && step.cursor.offset === cursor.offset)
      return events
    cursor = step.cursor
  }
}

function adopt(): { segments: SpoolSegments; damage: Damage[] } {
  const damage: Damage[] = []
  return {
    segments: createSpoolSegments(segmentsOnDisk(dir), (found) => damage.push(found)),
    damage,
  }
}

const lastSegment = () =>
  join(
    dir,
    readdirSync(dir)
      .filter((name) => name.endsWith('.log'))
      .sort()
      .at(-1) ?? '',
  )

describe('a spool', () => {
  test('holds what was appended, in order, over many segments', async () => {
    const spool = open()
    const events = Array.from({ length: 500 }, (_, i) => event(i))
    for (const one of events) await spool.append([one])
    expect(spool.segments.list.length).toBeGreaterThan(5)
    expect(readAll(spool.segments)).toEqual(events)
    await spool.close()
  })

  test('writes all calls of one tick as one frame, and a tick of thousands as several', async () => {
    const spool = open()
    await Promise.all([spool.append([event(1)]), spool.append([event(2), event(3)])])
    expect(spool.lastFrame()).toBe(1)
    await spool.append(Array.from({ length: 5_000 }, (_, i) => event(i)))
    expect(spool.lastFrame()).toBe(4)
    expect(readAll(spool.segments)).toHaveLength(5_003)
    await spool.close()
  })

  test('is read by an adopter as it was written, whether its process closed it or died', async () => {
    const spool = open(64 * 1024)
    const events = Array.from({ length: 100 }, (_, i) => event(i))
    for (const one of events) await spool.append([one])
    // Before `close`: the file still has the zeros that were written in advance.
    expect(readAll(adopt().segments)).toEqual(events)
    await spool.close()
    expect(readAll(adopt().segments)).toEqual(events)
    expect(adopt().damage).toEqual([])
  })

  test('gives every frame above a number from wherever a reader goes back to', async () => {
    const spool = open()
    for (let i = 1; i <= 300; i++) await spool.append([event(i)])
    for (const n of [0, 1, 57, 150, 299, 300]) {
      expect(readAll(spool.segments, n)).toHaveLength(300 - n)
    }
    await spool.close()
  })

  test('deletes a segment only when every partition with events in it is committed', async () => {
    const spool = open()
    for (let i = 1; i <= 300; i++) await spool.append([event(i)])
    await spool.close()
    const { segments } = spool
    const all = new Array<number>(16).fill(300)
    expect(segments.dropCommitted(all)).toBe(false)
    readAll(segments)
    const behind = [...all]
    const [first] = segments.list
    const p = partitionOf(event(1).apiKeyId)
    behind[p] = (first?.lastOf[p] ?? 0) - 1
    expect(segments.dropCommitted(behind)).toBe(false)
    behind[p] = first?.lastOf[p] ?? 0
    expect(segments.dropCommitted(behind)).toBe(true)
    expect(segments.deletedThrough[p]).toBe(first?.lastOf[p])
    expect(segments.dropCommitted(all)).toBe(true)
    expect(readdirSync(dir).filter((name) => name.endsWith('.log'))).toEqual([])
  })

  test('tells since when the oldest uncommitted frame waits', async () => {
    const spool = open()
    expect(spool.writtenAfter(0)).toBeNull()
    await spool.append([event(1)])
    expect(Date.now() - (spool.writtenAfter(0) ?? 0)).toBeLessThan(1_000)
    expect(spool.writtenAfter(1)).toBeNull()
    await spool.close()
  })

  test('refuses what comes after it was closed', async () => {
    const spool = open()
    await spool.close()
    await expect(spool.append([event(1)])).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})

describe('a torn or damaged spool', () => {
  async function filled(): Promise<UsageEvent[]> {
    const spool = open(1024 * 1024)
    const events = Array.from({ length: 20 }, (_, i) => event(i))
    for (const one of events) await spool.append([one])
    await spool.close()
    truncateSync(lastSegment(), spool.segments.list[0]?.end)
    return events
  }

  test.each([
    ['a cut header', (frame: Buffer) => frame.subarray(0, 5)],
    ['half a payload', (frame: Buffer) => frame.subarray(0, 40)],
    ['a wrong checksum', (frame: Buffer) => frame.fill(0xff, 20, 24)],
    ['a frame of zeros and ones', () => Buffer.alloc(64, 0xff)],
  ])('ends at %s, and says how many bytes it left out', async (_, tear) => {
    const events = await filled()
    const torn = tear(encodeFrame(21, [{ ...event(21), failed: 1 }]))
    appendFileSync(lastSegment(), torn)
    const { segments, damage } = adopt()
    expect(readAll(segments)).toEqual(events)
    expect(damage).toMatchObject([{ inside: false, bytes: torn.length }])
    expect(segments.dropCommitted(new Array(16).fill(20))).toBe(true)
  })

  test('a bad frame before good ones is reported, and costs that frame alone', async () => {
    const events = await filled()
    const bad = encodeFrame(21, [event(21)]).fill(0xff, 20, 24)
    appendFileSync(lastSegment(), Buffer.concat([bad, encodeFrame(22, [event(22)])]))
    const { segments, damage } = adopt()
    expect(readAll(segments)).toEqual([...events, event(22)])
    expect(damage).toMatchObject([{ inside: true, bytes: bad.length }])
  })

  test('a frame whose number was used again belongs to nobody: its call was refused', async () => {
    const events = await filled()
    appendFileSync(lastSegment(), encodeFrame(21, [event(99)]))
    const { writeFileSync } = await import('node:fs')
    writeFileSync(join(dir, '000000000021.log'), encodeFrame(21, [event(21)]))
    expect(readAll(adopt().segments)).toEqual([...events, event(21)])
  })
})

describe('a disk that takes no more', () => {
  test('refuses the calls of a failed write, keeps nothing of them, and takes the next that fit', async () => {
    const script = join(import.meta.dirname, 'spool-on-full-disk.ts')
    // 64 kB a file: a real short write and a real EFBIG, without a disk of our own.
    const { stdout } = await promisify(execFile)('bash', [
      '-c',
      `ulimit -f 64; exec "${process.execPath}" "${script}" "${dir}"`,
    ])
    const { answered, refused } = JSON.parse(stdout) as { answered: number[]; refused: number[] }
    expect(refused.length).toBeGreaterThan(0)
    expect(answered.length).toBeGreaterThan(100)
    expect(answered.at(-1)).toBeGreaterThan(refused.at(-1) ?? Number.POSITIVE_INFINITY)
    const kept = readAll(adopt().segments, 0, 100_000).map(({ at }) => at)
    expect(kept).toEqual(answered)
    expect(statSync(lastSegment()).size).toBeGreaterThan(0)
  })

  test('is ready again by itself when space came back, although no call came to prove it', async () => {
    const script = join(import.meta.dirname, 'spool-after-failure.ts')
    const { stdout } = await promisify(execFile)('bash', [
      '-c',
      `ulimit -f 64; exec "${process.execPath}" "${script}" "${dir}"`,
    ])
    const atOnce = expect.stringContaining('cannot be written')
    expect(JSON.parse(stdout)).toEqual({ refused: true, atOnce, later: null })
  })
})
