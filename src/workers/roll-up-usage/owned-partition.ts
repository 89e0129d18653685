import { type PartitionDoc, startOfStream } from '../../store/partitions.ts'
import { type Blob, decodeBlob } from '../../streams/usage-codec.ts'

/** An entry of the stream; its blob is null where this release cannot read it. */
export interface Entry {
  id: string
  blob: Blob | null
}

/**
 * One partition as its owner knows it: the document as last read or committed, and what was read from
 * the stream after it. Thrown away, never repaired, when anything goes wrong.
 */
export interface OwnedPartition {
  readonly partition: number
  version: number
  pos: string
  readonly watermarks: Map<string, number>
  /** Read after `pos` and not counted yet. */
  entries: Entry[]
  reading: boolean
  /** The last read filled its count: there is more. */
  more: boolean
}

export function toOwned(doc: PartitionDoc): OwnedPartition {
  return {
    partition: doc._id,
    version: doc.version,
    pos: doc.pos,
    watermarks: new Map(Object.entries(doc.wm)),
    entries: [],
    reading: false,
    more: false,
  }
}

/** Reads from the start again: what was counted is skipped by its frame numbers. */
export function rewind(owned: OwnedPartition): void {
  owned.pos = startOfStream
  owned.entries = []
}

export function toEntry([id, fields]: [id: Buffer, fields: Buffer[]]): Entry {
  const at = fields.findIndex((field, i) => i % 2 === 0 && field.toString() === 'b')
  const bytes = at < 0 ? undefined : fields[at + 1]
  return { id: id.toString(), blob: bytes ? decodeBlob(bytes) : null }
}
