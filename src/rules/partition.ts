/**
 * Partitions of everything that is kept per API key: usage streams, live streams, quota counters.
 * Fixed for ever: another count, hash or tag would send a key's events to another owner and stream.
 * `store/deployment.ts` refuses a database that was started with another count.
 */
export const partitionCount = 16

/** 0 … partitionCount - 1: FNV-1a of the id's bytes (ids are ASCII), its halves folded together. */
export function partitionOf(apiKeyId: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < apiKeyId.length; i++) {
    hash ^= apiKeyId.charCodeAt(i)
    hash = Math.imul(hash, 0x01000193)
  }
  return (hash ^ (hash >>> 16)) & (partitionCount - 1)
}

/**
 * One Redis Cluster hash tag a partition, chosen so that its slot lies in the middle half of the
 * partition's sixteenth of the 16,384 slots: however many masters share the slots evenly, the
 * partitions spread evenly over them. (`usage:{0}` … `usage:{15}` would leave half of eight masters
 * idle; counting.md, section 12.) A test proves every slot.
 */
const tags = [
  '0f1',
  '1g1',
  '2d1',
  '3k',
  '4b1',
  '5d',
  '6p1',
  '7a1',
  '8h',
  '9o1',
  '10k',
  '11i8',
  '12e8',
  '13d8',
  '14l8',
  '15m8',
] as const

/** The tag without braces. Throws RangeError for what is no partition. */
export function tagOf(partition: number): string {
  const tag = tags[partition]
  if (tag === undefined) throw new RangeError(`no partition ${partition}`)
  return tag
}

/** Stream of usage blobs, from API processes to the partition's roll-up. */
export function usageStream(partition: number): string {
  return `usage:{${tagOf(partition)}}`
}

/** Stream of totals after each commit, from the partition's roll-up to every API process. */
export function liveStream(partition: number): string {
  return `live:{${tagOf(partition)}}`
}

/** Names the database whose versions number the live stream; see PROTOCOL.md. */
export function liveDatabaseKey(partition: number): string {
  return `live-database:{${tagOf(partition)}}`
}
