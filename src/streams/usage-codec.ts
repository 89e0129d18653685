import { crc32 } from 'node:zlib'
import { Packr } from 'msgpackr'
import type { UsageEvent } from './usage-event.ts'

/**
 * Frames of the spool and blobs of `usage:{p}`; PROTOCOL.md is the reader's view. Both hold events as
 * a flat array of small integers over two dictionaries, because a string costs forty times an integer
 * to read and most events of a batch share their strings:
 *
 *   who        [apiKeyId, accountId, tier, …]
 *   endpoints  [name, …]
 *   events     [who, endpoint, ms after `base`, units, failed, …]
 */

/** Raised when a reader of the old format would misread the new one; readers refuse what they do not know. */
export const codecVersion = 1
/** Values an event takes in a flat array. */
export const eventWidth = 5
/** Values an entry of `who` takes. */
export const whoWidth = 3

export interface EventTable {
  /** Ids and tier of each key, three a key. */
  who: readonly string[]
  endpoints: readonly string[]
  /** ms since the epoch that event times count from; an event may lie before it. */
  base: number
}

/** One frame: what was answered in one event-loop tick (or a part of it), under one number. */
export interface Frame extends EventTable {
  n: number
  events: readonly number[]
}

/** "Everything of `producer` for this partition with from < n <= to." Frames ascend by n. */
export interface Blob extends EventTable {
  producer: string
  from: number
  to: number
  frames: readonly { n: number; events: readonly number[] }[]
}

const packr = new Packr({ useRecords: false, int64AsType: 'number' })

/** Collects events over shared dictionaries; one for each frame or blob. */
export interface TableWriter {
  readonly table: { who: string[]; endpoints: string[]; base: number }
  /** Appends one event to `into`. */
  add(into: number[], event: UsageEvent): void
}

export function createTableWriter(base: number): TableWriter {
  const table = { who: [] as string[], endpoints: [] as string[], base }
  const whoAt = new Map<string, number>()
  return {
    table,
    add(into, event) {
      // A key's tier may change between two events of a batch: then it stands there twice.
      let who = whoAt.get(event.apiKeyId)
      if (who === undefined || table.who[who * whoWidth + 2] !== event.tier) {
        who = table.who.length / whoWidth
        table.who.push(event.apiKeyId, event.accountId, event.tier)
        whoAt.set(event.apiKeyId, who)
      }
      let endpoint = table.endpoints.indexOf(event.endpoint)
      if (endpoint < 0) endpoint = table.endpoints.push(event.endpoint) - 1
      into.push(who, endpoint, event.at - base, event.units, event.failed)
    },
  }
}

/** Calls `visit` for each event; `who` indexes the table in steps of one key. */
export function eventsOf(table: EventTable, events: readonly number[]): UsageEvent[] {
  const list: UsageEvent[] = []
  for (let i = 0; i < events.length; i += eventWidth) {
    const who = (events[i] ?? 0) * whoWidth
    list.push({
      at: table.base + (events[i + 2] ?? 0),
      apiKeyId: table.who[who] ?? '',
      accountId: table.who[who + 1] ?? '',
      tier: table.who[who + 2] ?? '',
      endpoint: table.endpoints[events[i + 1] ?? 0] ?? '',
      units: events[i + 3] ?? 0,
      failed: events[i + 4] ?? 0,
    })
  }
  return list
}

/** u32 length and u32 CRC-32 of the payload, both little-endian. */
export const frameHeaderBytes = 8
/** A longer length is no frame but noise; the writer stays far below. */
export const frameMaxBytes = 4 * 1024 * 1024

/** A whole frame as it stands in the spool, header included. */
export function encodeFrame(n: number, events: readonly UsageEvent[]): Buffer {
  const writer = createTableWriter(events[0]?.at ?? 0)
  const flat: number[] = []
  for (const event of events) writer.add(flat, event)
  const { base, who, endpoints } = writer.table
  const payload = packr.pack([codecVersion, n, base, who, endpoints, flat])
  const frame = Buffer.allocUnsafe(frameHeaderBytes + payload.length)
  frame.writeUInt32LE(payload.length, 0)
  frame.writeUInt32LE(crc32(payload), 4)
  payload.copy(frame, frameHeaderBytes)
  return frame
}

export type FrameRead =
  | { kind: 'frame'; frame: Frame; end: number }
  /** The buffer ends inside a frame, which may be whole in the file. */
  | { kind: 'more'; need: number }
  /** Zeros written in advance, or the end of the bytes: nothing more was ever written here. */
  | { kind: 'end' }
  /** Torn, damaged or of a later release; `end`: where the next frame would begin if the length holds. */
  | { kind: 'bad'; end: number; because: 'length' | 'checksum' | 'content' }

/** Reads the frame that begins at `start`. */
export function readFrame(bytes: Buffer, start: number): FrameRead {
  if (bytes.length - start < frameHeaderBytes) {
    return bytes.length === start ? { kind: 'end' } : { kind: 'more', need: frameHeaderBytes }
  }
  const length = bytes.readUInt32LE(start)
  const end = start + frameHeaderBytes + length
  if (length === 0) {
    return bytes.readUInt32LE(start + 4) === 0
      ? { kind: 'end' }
      : { kind: 'bad', end, because: 'length' }
  }
  if (length > frameMaxBytes) return { kind: 'bad', end: start, because: 'length' }
  if (end > bytes.length) return { kind: 'more', need: frameHeaderBytes + length }
  const payload = bytes.subarray(start + frameHeaderBytes, end)
  if (crc32(payload) !== bytes.readUInt32LE(start + 4))
    return { kind: 'bad', end, because: 'checksum' }
  const frame = toFrame(unpackOrNull(payload))
  return frame ? { kind: 'frame', frame, end } : { kind: 'bad', end, because: 'content' }
}

export function encodeBlob(blob: Blob): Buffer {
  const frames: (number | readonly number[])[] = []
  for (const { n, events } of blob.frames) frames.push(n, events)
  const { producer, from, to, base, who, endpoints } = blob
  return packr.pack([codecVersion, producer, from, to, base, who, endpoints, frames])
}

/** Null for what is no blob of this version: the worker passes it over and alarms (its producer resends). */
export function decodeBlob(bytes: Buffer): Blob | null {
  const d = unpackOrNull(bytes)
  if (!Array.isArray(d) || d[0] !== codecVersion || d.length !== 8) return null
  const [, producer, from, to, base, who, endpoints, flat] = d as unknown[]
  if (typeof producer !== 'string' || !/^[a-z0-9]{1,40}$/.test(producer)) return null
  if (!isCount(from) || !isCount(to) || to < from || !isTable(base, who, endpoints)) return null
  if (!Array.isArray(flat) || flat.length % 2 !== 0) return null
  const frames: { n: number; events: number[] }[] = []
  for (let i = 0, before = from; i < flat.length; i += 2) {
    const n: unknown = flat[i]
    const events: unknown = flat[i + 1]
    if (!isCount(n) || n <= before || n > to) return null
    if (!areEvents(events, who as string[], endpoints as string[], base as number)) return null
    frames.push({ n, events })
    before = n
  }
  return {
    producer,
    from,
    to,
    base: base as number,
    who: who as string[],
    endpoints: endpoints as string[],
    frames,
  }
}

function toFrame(d: unknown): Frame | null {
  if (!Array.isArray(d) || d[0] !== codecVersion || d.length !== 6) return null
  const [, n, base, who, endpoints, events] = d as unknown[]
  if (!isCount(n) || n === 0 || !isTable(base, who, endpoints)) return null
  if (!areEvents(events, who as string[], endpoints as string[], base as number)) return null
  return { n, base: base as number, who: who as string[], endpoints: endpoints as string[], events }
}

function unpackOrNull(bytes: Buffer): unknown {
  try {
    return packr.unpack(bytes)
  } catch {
    return null
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isTable(base: unknown, who: unknown, endpoints: unknown): boolean {
  return isCount(base) && areStrings(who) && who.length % whoWidth === 0 && areStrings(endpoints)
}

function areStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

/** One wild number would make every later commit of its partition fail, so each is looked at here. */
function areEvents(
  events: unknown,
  who: readonly string[],
  endpoints: readonly string[],
  base: number,
): events is number[] {
  if (!Array.isArray(events) || events.length % eventWidth !== 0) return false
  const keys = who.length / whoWidth
  for (let i = 0; i < events.length; i += eventWidth) {
    if (!isIndex(events[i], keys) || !isIndex(events[i + 1], endpoints.length)) return false
    const at = base + events[i + 2]
    if (!isIndex(at, lastInstant) || !isIndex(events[i + 3], 2 ** 32)) return false
    if (!isIndex(events[i + 4], 2 ** 32)) return false
  }
  return true
}

/** Year 5138: beyond it `Date` still works, and no clock is. */
const lastInstant = 1e14

function isIndex(value: unknown, below: number): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < below
}
