import { closeSync, openSync, readdirSync, readSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { partitionCount, partitionOf } from '../rules/partition.ts'
import { type Frame, frameHeaderBytes, readFrame, whoWidth } from './usage-codec.ts'

/** One file of a spool: frames one after the other, named by the number of its first. */
export interface Segment {
  readonly first: number
  readonly path: string
  /** Bytes that hold whole frames; grows while the segment is written. */
  end: number
  /** Nothing more will be written. */
  sealed: boolean
  /** When its first frame was written, ms; roughly, for the age of what waits. */
  readonly since: number
  /** How far it has been read once, and the last frame with events of each partition up to there. */
  scanned: number
  readonly lastOf: number[]
}

/** All frames up to `n` have been read; the next begins at `offset` of the segment `segment`. */
export interface Cursor {
  readonly n: number
  readonly segment: number
  readonly offset: number
}

/** A frame that was found bad: torn by a crash at a segment's end, or damaged before other frames. */
export interface Damage {
  path: string
  offset: number
  /** Bytes that hold no frame. */
  bytes: number
  /** Good frames follow: no torn write, the disk lost something. */
  inside: boolean
}

/** The frames of one spool, for reading; its segments ascend. Shared by writer and pump. */
export interface SpoolSegments {
  readonly list: Segment[]
  /** Frames after `cursor`, whole, at least one when there is one, else at most `maxBytes` of them. */
  read(cursor: Cursor, maxBytes: number): { frames: Frame[]; cursor: Cursor }
  /** A cursor from which reading gives every frame above `n` that still exists. */
  locate(n: number): Cursor
  /**
   * Deletes from the front the sealed segments whose every frame is committed: for each partition the
   * watermark has reached the last frame with events of it (I9). True when something was deleted.
   */
  dropCommitted(watermarks: readonly number[]): boolean
  /** Last frame with events of each partition in what was deleted. */
  readonly deletedThrough: number[]
  close(): void
}

const suffix = '.log'

export function segmentPath(dir: string, first: number): string {
  return join(dir, String(first).padStart(12, '0') + suffix)
}

export function newSegment(dir: string, first: number, since: number): Segment {
  const lastOf = new Array<number>(partitionCount).fill(0)
  return { first, path: segmentPath(dir, first), end: 0, sealed: false, since, scanned: 0, lastOf }
}

/** The segments that a dead process left: sealed, and read up to the first bad frame. */
export function segmentsOnDisk(dir: string): Segment[] {
  return readdirSync(dir)
    .filter((name) => /^\d{12}\.log$/.test(name))
    .sort()
    .map((name) => {
      const { size, mtimeMs } = statSync(join(dir, name))
      const segment = newSegment(dir, Number(name.slice(0, -suffix.length)), mtimeMs)
      return Object.assign(segment, { end: size, sealed: true })
    })
}

export function createSpoolSegments(
  list: Segment[],
  onDamage: (damage: Damage) => void,
): SpoolSegments {
  const deletedThrough = new Array<number>(partitionCount).fill(0)
  let open: { path: string; fd: number } | null = null
  let buffer = Buffer.allocUnsafe(256 * 1024)

  function fileOf(path: string): number {
    if (open?.path === path) return open.fd
    close()
    open = { path, fd: openSync(path, 'r') }
    return open.fd
  }

  function close(): void {
    if (open) closeSync(open.fd)
    open = null
  }

  /** Fills the buffer with [offset, offset + want) of the segment, as far as it goes. */
  function fill(segment: Segment, offset: number, want: number): Buffer {
    const length = Math.min(want, segment.end - offset)
    if (length > buffer.length) buffer = Buffer.allocUnsafe(length)
    const got = readSync(fileOf(segment.path), buffer, 0, length, offset)
    return buffer.subarray(0, got)
  }

  /** The segment that a cursor stands in, or the next one when that is read to its end or deleted. */
  function segmentAt(cursor: Cursor): { segment: Segment; offset: number; next?: Segment } | null {
    for (const [i, segment] of list.entries()) {
      if (segment.first < cursor.segment) continue
      const offset = segment.first === cursor.segment ? cursor.offset : 0
      const next = list[i + 1]
      if (offset < segment.end || !segment.sealed || !next) {
        return { segment, offset, ...(next && { next }) }
      }
    }
    return null
  }

  function read(from: Cursor, maxBytes: number): { frames: Frame[]; cursor: Cursor } {
    const frames: Frame[] = []
    let cursor = from
    let bytes = 0
    while (bytes < maxBytes) {
      const at = segmentAt(cursor)
      if (!at || at.offset >= at.segment.end) break
      const stop = readSegment(at.segment, at.offset, at.next?.first ?? Infinity, maxBytes - bytes)
      for (const frame of stop.frames) if (frame.n > cursor.n) frames.push(frame)
      bytes += stop.offset - at.offset
      const n = Math.max(cursor.n, stop.frames.at(-1)?.n ?? 0)
      cursor = { n, segment: at.segment.first, offset: stop.offset }
      if (stop.frames.length === 0 && stop.offset === at.offset && !at.segment.sealed) break
    }
    return { frames, cursor }
  }

  /**
   * Frames from `start`, about `maxBytes` of them. A sealed segment's end moves down to its last good
   * frame. A frame whose number belongs to the next segment was refused to its callers: its write
   * failed in a way that left it there, and the number was used again (I2).
   */
  function readSegment(segment: Segment, start: number, nextFirst: number, maxBytes: number) {
    const frames: Frame[] = []
    let bytes = fill(segment, start, Math.max(maxBytes, frameHeaderBytes))
    let at = 0
    for (;;) {
      const step = readFrame(bytes, at)
      if (step.kind === 'frame' && step.frame.n < nextFirst) {
        frames.push(step.frame)
        at = step.end
        continue
      }
      if (step.kind === 'more' && start + at + step.need <= segment.end) {
        if (at > 0) break
        bytes = fill(segment, start, step.need)
        continue
      }
      if (step.kind === 'end' && start + at < segment.end && bytes.length === at) break
      if (step.kind === 'bad' && followedByFrame(segment, start + step.end, nextFirst)) {
        report(segment, start + at, step.end - at, true)
        at = step.end
        break
      }
      if (step.kind !== 'end') report(segment, start + at, writtenAfter(segment, start + at), false)
      segment.end = start + at
      break
    }
    scan(segment, start, start + at, frames)
    return { frames, offset: start + at }
  }

  function followedByFrame(segment: Segment, offset: number, nextFirst: number): boolean {
    if (offset >= segment.end) return false
    const header = readFrame(fill(segment, offset, frameHeaderBytes), 0)
    if (header.kind !== 'more') return false
    const step = readFrame(fill(segment, offset, header.need), 0)
    return step.kind === 'frame' && step.frame.n < nextFirst
  }

  function writtenAfter(segment: Segment, offset: number): number {
    return fill(segment, offset, segment.end - offset).findLastIndex((byte) => byte !== 0) + 1
  }

  function report(segment: Segment, offset: number, bytes: number, inside: boolean): void {
    if (bytes > 0) onDamage({ path: segment.path, offset, bytes, inside })
  }

  function scan(segment: Segment, start: number, end: number, frames: readonly Frame[]): void {
    if (start > segment.scanned || end <= segment.scanned) return
    segment.scanned = end
    for (const { n, who } of frames) {
      for (let i = 0; i < who.length; i += whoWidth) {
        const p = partitionOf(who[i] ?? '')
        segment.lastOf[p] = Math.max(n, segment.lastOf[p] ?? 0)
      }
    }
  }

  return {
    list,
    deletedThrough,
    read,
    close,
    locate(n) {
      const segment = list.findLast(({ first }) => first <= n + 1) ?? list[0]
      return { n, segment: segment?.first ?? n + 1, offset: 0 }
    },
    dropCommitted(watermarks) {
      let dropped = false
      for (;;) {
        const segment = list[0]
        if (!segment?.sealed || segment.scanned < segment.end) return dropped
        if (segment.lastOf.some((n, p) => n > (watermarks[p] ?? 0))) return dropped
        if (open?.path === segment.path) close()
        rmSync(segment.path, { force: true })
        list.shift()
        segment.lastOf.forEach((n, p) => {
          deletedThrough[p] = Math.max(n, deletedThrough[p] ?? 0)
        })
        dropped = true
      }
    },
  }
}
