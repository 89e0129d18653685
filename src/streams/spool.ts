import { closeSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs'
import { ApiError } from '../errors.ts'
import type { Logger } from '../log.ts'
import {
  createSpoolSegments,
  newSegment,
  type Segment,
  type SpoolSegments,
} from './spool-segments.ts'
import { createSpare } from './spool-spare.ts'
import { encodeFrame } from './usage-codec.ts'
import type { UsageEvent } from './usage-event.ts'
import type { ProducerMetrics } from './usage-producer-metrics.ts'

/** Where an answered call is written before its answer leaves. */
export interface Spool {
  /**
   * Settles after this event-loop tick's write: then the events stand in a whole frame (page cache) and
   * survive the process (I1).
   * @throws ApiError UNAVAILABLE (retryAfter 1) when the tick could not be written: then none of them
   * is in any frame, and none will be counted (I2).
   */
  append(events: readonly UsageEvent[]): Promise<void>
}

export interface OpenSpool extends Spool {
  readonly segments: SpoolSegments
  /** Number of the last frame written; 0: none. */
  readonly lastFrame: () => number
  /** When the oldest frame above `n` was written, ms, to about a second; null: there is none. */
  writtenAfter(n: number): number | null
  /** Plain words when calls are, or are about to be, refused. */
  trouble(): string | null
  /** Refuses what comes, writes what was appended, seals. Idempotent. */
  close(): Promise<void>
}

export interface SpoolOptions {
  /** The producer's own directory; exists and is locked. */
  dir: string
  /** A segment is preallocated by this much and then rolled. */
  segmentBytes: number
  clock: () => number
  log: Logger
  metrics: ProducerMetrics
}

/** Keeps a frame far below what a reader accepts, and a blob below a quarter of a megabyte. */
const eventsPerFrame = 2_000
/**
 * A refused write makes the process "not ready" for this long: without calls nothing would be written that
 * could prove it well again. A disk that stays full shows in the spare.
 */
const failureHeldMs = 2_000

/**
 * The writing half of a spool. One `writeSync` for each tick: against a mere deferral it costs 1 % of
 * the throughput and 0.007 ms at the median, while an asynchronous write costs 20 %.
 */
export function createSpool({ dir, segmentBytes, clock, log, metrics }: SpoolOptions): OpenSpool {
  const segments = createSpoolSegments([], () => {})
  const marks: { n: number; at: number }[] = []
  let lastFrame = 0
  let current: { segment: Segment; fd: number } | null = null
  let tick: { events: UsageEvent[]; calls: number; done: PromiseWithResolvers<void> } | null = null
  let failure: string | null = null
  let failedAt = 0
  let closed = false
  let longest = 0
  const spare = createSpare(dir, segmentBytes)

  function append(events: readonly UsageEvent[]): Promise<void> {
    if (events.length === 0) return Promise.resolve()
    if (closed) return Promise.reject(unavailable('this server is stopping'))
    if (!tick) {
      tick = { events: [], calls: 0, done: Promise.withResolvers() }
      setImmediate(writeTick)
    }
    tick.events.push(...events)
    tick.calls++
    return tick.done.promise
  }

  function writeTick(): void {
    if (!tick) return
    const { events, calls, done } = tick
    tick = null
    const frames: Buffer[] = []
    try {
      for (let i = 0; i < events.length; i += eventsPerFrame) {
        frames.push(encodeFrame(lastFrame + frames.length + 1, events.slice(i, i + eventsPerFrame)))
      }
      write(frames.length === 1 && frames[0] ? frames[0] : Buffer.concat(frames))
    } catch (error) {
      if (!failure)
        log.error({ err: error }, 'the spool cannot be written: metered calls are refused')
      failure = `the spool cannot be written (${codeOf(error)})`
      failedAt = performance.now()
      metrics.refused.inc(calls)
      done.reject(unavailable('usage cannot be recorded at the moment', error))
      return
    }
    if (failure) log.info('the spool can be written again')
    failure = null
    const at = clock()
    if (at - (marks.at(-1)?.at ?? 0) >= 1_000) marks.push({ n: lastFrame + 1, at })
    lastFrame += frames.length
    metrics.frames.inc(frames.length)
    done.resolve()
  }

  /** All or nothing. */
  function write(bytes: Buffer): void {
    const { segment, fd } = roomFor(bytes.length)
    const started = performance.now()
    try {
      const written = writeSync(fd, bytes, 0, bytes.length, segment.end)
      if (written !== bytes.length)
        throw new Error(`short write: ${written} of ${bytes.length} bytes`)
    } catch (error) {
      abandon(segment, fd)
      throw error
    }
    segment.end += bytes.length
    const seconds = (performance.now() - started) / 1_000
    longest = Math.max(longest, seconds)
    metrics.longestWrite.set(longest)
  }

  function roomFor(bytes: number): { segment: Segment; fd: number } {
    if (current && (current.segment.end === 0 || current.segment.end + bytes <= segmentBytes)) {
      return current
    }
    const segment = newSegment(dir, lastFrame + 1, clock())
    // Without a spare the segment grows as it is written; 'w' because a failed roll may have left one.
    const fd = openSync(segment.path, spare.take(segment.path) ? 'r+' : 'w', 0o600)
    seal()
    current = { segment, fd }
    segments.list.push(segment)
    return current
  }

  /**
   * After a failed write: cuts off what it left and takes another segment. Even if that fails, nobody
   * reads it: here reading ends at `end`, and for an adopter where the next segment's numbers begin.
   */
  function abandon(segment: Segment, fd: number): void {
    try {
      ftruncateSync(fd, segment.end)
    } catch (error) {
      log.error({ err: error }, 'a failed write could not be cut off')
    }
    seal()
  }

  function seal(): void {
    if (!current) return
    const { segment, fd } = current
    current = null
    segment.sealed = true
    closeSync(fd)
    if (segment.end > 0) return
    // Never written to: the next segment takes its number and its file.
    segments.list.pop()
    rmSync(segment.path, { force: true })
  }

  return {
    append,
    segments,
    lastFrame: () => lastFrame,
    writtenAfter(n) {
      if (n >= lastFrame) return null
      while (marks[1] && marks[1].n <= n + 1) marks.shift()
      return marks[0]?.at ?? null
    },
    trouble() {
      const failing = failure !== null && performance.now() - failedAt < failureHeldMs
      return failing ? failure : spare.trouble()
    },
    async close() {
      closed = true
      writeTick()
      seal()
      await spare.close()
      segments.close()
    },
  }
}

function unavailable(message: string, cause?: unknown): ApiError {
  return new ApiError('UNAVAILABLE', message, { retryAfter: 1, cause })
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? (error as Error).message
}
