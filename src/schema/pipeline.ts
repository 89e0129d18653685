import { builder } from './builder.ts'

export interface PartitionShape {
  partition: number
  owner: string | null
  leaseUntil: Date
  commits: number
  position: string
  /** null: Redis did not answer. */
  lagEntries: number | null
  lagSeconds: number | null
  gaps: number
}

export interface ProducerShape {
  id: string
  host: string
  openedAt: Date
  seenAt: Date
}

export interface JobRunShape {
  id: string
  startedAt: Date
  finishedAt: Date | null
  attempts: number
  differenceCount: number | null
}

export interface PipelineShape {
  partitions: PartitionShape[]
  workers: { id: string; aliveUntil: Date }[]
  producers: ProducerShape[]
  jobs: JobRunShape[]
}

const PipelinePartition = builder.objectRef<PartitionShape>('PipelinePartition').implement({
  fields: (t) => ({
    partition: t.exposeInt('partition'),
    owner: t.exposeString('owner', { nullable: true, description: 'Null: it was given back.' }),
    leaseUntil: t.expose('leaseUntil', {
      type: 'DateTime',
      description: 'In the past: nobody counts here until another worker takes it over.',
    }),
    commits: t.expose('commits', { type: 'SafeInt', description: 'Commits and takeovers so far.' }),
    position: t.exposeString('position', { description: 'Id of the last entry counted.' }),
    lagEntries: t.expose('lagEntries', {
      type: 'SafeInt',
      nullable: true,
      description: 'Entries not counted yet, at most; null: Redis did not answer.',
    }),
    lagSeconds: t.exposeFloat('lagSeconds', {
      nullable: true,
      description: 'Age of the oldest of them; 0 without any.',
    }),
    gaps: t.expose('gaps', {
      type: 'SafeInt',
      description:
        'Batches passed over so far, because something before them was missing: Redis had lost it, and the spool sends all of it again.',
    }),
  }),
})

const PipelineWorker = builder
  .objectRef<PipelineShape['workers'][number]>('PipelineWorker')
  .implement({
    fields: (t) => ({
      id: t.exposeID('id'),
      aliveUntil: t.expose('aliveUntil', {
        type: 'DateTime',
        description: 'It says again that it lives before that.',
      }),
    }),
  })

const PipelineProducer = builder.objectRef<ProducerShape>('PipelineProducer').implement({
  description: 'A spool of answered calls on some machine, until all of it is counted.',
  fields: (t) => ({
    id: t.exposeID('id'),
    host: t.exposeString('host'),
    openedAt: t.expose('openedAt', { type: 'DateTime' }),
    seenAt: t.expose('seenAt', {
      type: 'DateTime',
      description: 'An hour ago or more: no process feeds it, and calls may be missing.',
    }),
  }),
})

const PipelineJob = builder.objectRef<JobRunShape>('PipelineJob').implement({
  fields: (t) => ({
    id: t.exposeID('id', { description: 'aggregate-days:2026-11-21' }),
    startedAt: t.expose('startedAt', { type: 'DateTime' }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Null: it runs, or died and is taken up again.',
    }),
    attempts: t.exposeInt('attempts'),
    differenceCount: t.exposeInt('differenceCount', {
      nullable: true,
      description:
        'Of closing a day: cells that disagreed. Above 0: something was lost or doubled.',
    }),
  }),
})

export const Pipeline = builder.objectRef<PipelineShape>('Pipeline').implement({
  description: 'The way of a call from the spool to its totals.',
  fields: (t) => ({
    partitions: t.expose('partitions', { type: [PipelinePartition] }),
    workers: t.expose('workers', { type: [PipelineWorker], description: 'Of the roll-up.' }),
    producers: t.expose('producers', { type: [PipelineProducer] }),
    jobs: t.expose('jobs', {
      type: [PipelineJob],
      description: 'The last runs of scheduled work, newest first.',
    }),
  }),
})
