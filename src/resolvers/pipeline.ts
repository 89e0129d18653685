import type { Context } from '../context.ts'
import { access } from '../rules/access.ts'
import { usageStream } from '../rules/partition.ts'
import { builder } from '../schema/builder.ts'
import { type JobRunShape, type PartitionShape, Pipeline } from '../schema/pipeline.ts'
import { jobRuns } from '../store/job-runs.ts'
import { type PartitionDoc, partitions } from '../store/partitions.ts'
import { producers } from '../store/producers.ts'
import { workers } from '../store/workers.ts'

const MOST_PRODUCERS = 500
const JOBS_SHOWN = 20

builder.queryField('pipeline', (t) =>
  t.field({
    type: Pipeline,
    nullable: true,
    extensions: access(['admin']),
    resolve: async (_root, _args, { deps }) => {
      const { db } = deps
      const [parts, alive, spools, runs] = await Promise.all([
        partitions(db)
          .find({}, { projection: { wm: 0 } })
          .sort({ _id: 1 })
          .toArray(),
        workers(db).find().sort({ _id: 1 }).toArray(),
        producers(db).find().sort({ seenAt: 1 }).limit(MOST_PRODUCERS).toArray(),
        jobRuns(db).find().sort({ startedAt: -1 }).limit(JOBS_SHOWN).toArray(),
      ])
      return {
        partitions: await Promise.all(parts.map((part) => withLag(part, deps))),
        workers: alive.map(({ _id, until }) => ({ id: _id, aliveUntil: until })),
        producers: spools.map(({ _id, host, at, seenAt }) => {
          return { id: _id, host, openedAt: at, seenAt }
        }),
        jobs: runs.map((run): JobRunShape => {
          const { _id: id, startedAt, finishedAt = null, attempts, result } = run
          const differences = result?.differenceCount
          const differenceCount = typeof differences === 'number' ? differences : null
          return { id, startedAt, finishedAt, attempts, differenceCount }
        }),
      }
    },
  }),
)

/** A commit trims its stream, so that what is left of it is what waits. */
async function withLag(
  { _id: partition, owner, leaseUntil, version, pos, gaps = 0 }: Omit<PartitionDoc, 'wm'>,
  { redis, clock }: Context['deps'],
): Promise<PartitionShape> {
  const known = { partition, owner, leaseUntil, commits: version, position: pos, gaps }
  const stream = usageStream(partition)
  try {
    const [next] = await redis.xrangeBuffer(stream, `(${pos}`, '+', 'COUNT', 1)
    if (!next) return { ...known, lagEntries: 0, lagSeconds: 0 }
    const since = Number(String(next[0]).split('-')[0])
    const lagSeconds = Math.max(0, clock() - since) / 1_000
    return { ...known, lagEntries: await redis.xlen(stream), lagSeconds }
  } catch {
    return { ...known, lagEntries: null, lagSeconds: null }
  }
}
