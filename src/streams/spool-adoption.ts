import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Db } from 'mongodb'
import type { Logger } from '../log.ts'
import { forgetProducer } from '../store/producers.ts'
import type { RedisClient } from './redis.ts'
import { createSpoolFeed, type SpoolFeed } from './spool-feed.ts'
import { type Lock, livenessOf, lockForAdoption } from './spool-lock.ts'
import { createSpoolSegments, type Damage, segmentsOnDisk } from './spool-segments.ts'
import type { ProducerMetrics } from './usage-producer-metrics.ts'

export interface AdoptionOptions {
  /** `DATA_DIR/spool`: one directory a producer. */
  root: string
  /** The process' own spool is never adopted by itself. */
  isOwn: (producer: string) => boolean
  db: Db
  redis: RedisClient
  clock: () => number
  log: Logger
  metrics: ProducerMetrics
}

/** Takes over the spools that dead processes left on this machine, so that every call they answered counts. */
export interface Adoption {
  start(): void
  stop(): Promise<void>
  feeds(): SpoolFeed[]
}

const scanMs = 2_000
/** Each holds a reading buffer and a window in Redis. */
const adoptedAtOnce = 16
const emptyAfterMs = 600_000

/** In a spool whose process stopped in order, before its last calls were committed. */
export const leftMark = 'left'

const done = '.done'
const quarantine = 'quarantine-'
/** A producer's id; whatever else lies here is not ours to touch. */
const isSpool = (name: string) => /^[a-z0-9]{1,40}$/.test(name)

export function createAdoption(options: AdoptionOptions): Adoption {
  const { root, isOwn, db, log, metrics } = options
  const adopted = new Map<string, { feed: SpoolFeed; lock: Lock; ended: Promise<void> }>()
  let timer: NodeJS.Timeout | undefined
  let scanning: Promise<void> = Promise.resolve()
  let stopped = false

  async function scan(): Promise<void> {
    await mkdir(root, { recursive: true, mode: 0o700 })
    const names = await readdir(root)
    metrics.quarantined.set(names.filter((name) => name.startsWith(quarantine)).length)
    let unlocked = 0
    for (const name of names) {
      if (stopped) return
      // One that cannot be read must not keep the others waiting.
      const found = await look(name).catch((error: unknown) => {
        log.warn({ err: error, name }, 'a spool could not be looked at; it is tried again')
      })
      if (found === 'unlocked') unlocked++
    }
    metrics.unlocked.set(unlocked)
  }

  async function look(name: string): Promise<'unlocked' | undefined> {
    if (isSpool(name) && !isOwn(name) && !adopted.has(name)) return consider(name)
    if (name.endsWith(done)) await finishSpool(root, name.slice(0, -done.length), db)
  }

  async function consider(producer: string): Promise<'unlocked' | undefined> {
    const dir = join(root, producer)
    const files = await readdir(dir)
    const liveness = files.includes(leftMark) ? 'dead' : await livenessOf(dir, 'owner')
    if (liveness === 'alive') return
    if (liveness === 'unknown' && !files.includes('owner')) {
      if (files.some((file) => file.endsWith('.log'))) return 'unlocked'
      // Its process died before it listened.
      if (Date.now() - (await stat(dir)).mtimeMs > emptyAfterMs) await rm(dir, { recursive: true })
    }
    if (liveness === 'dead' && adopted.size < adoptedAtOnce) await adopt(producer, dir)
  }

  async function adopt(producer: string, dir: string): Promise<void> {
    const lock = await lockForAdoption(dir)
    if (!lock) return
    const segments = createSpoolSegments(segmentsOnDisk(dir), (damage) => report(producer, damage))
    let missing = false
    const onUnregistered = () => {
      missing = true
    }
    const feed = createSpoolFeed({ ...options, producer, dir, segments, onUnregistered })
    metrics.adopted.inc()
    log.info({ producer, segments: segments.list.length }, 'adopting the spool of a dead process')
    feed.start()
    const ended = feed
      .drain(Infinity)
      .then(async (drained) => {
        await feed.stop()
        if (missing) await quarantineSpool(root, producer, log)
        else if (drained) await endSpool(root, producer, db)
      })
      // What could not be ended is seen again by the next scan.
      .catch((error) =>
        log.warn({ err: error, producer }, 'an adopted spool could not be ended yet'),
      )
      .finally(() => lock.release())
      .finally(() => adopted.delete(producer))
    adopted.set(producer, { feed, lock, ended })
  }

  function report(producer: string, { path, offset, bytes, inside }: Damage): void {
    if (inside) {
      metrics.damaged.inc()
      log.error(
        { producer, path, offset, bytes },
        'a bad frame before good ones: the disk lost data',
      )
    } else {
      metrics.tornBytes.inc(bytes)
      log.warn(
        { producer, path, offset, bytes },
        'a torn frame at the end of a spool: never answered',
      )
    }
  }

  function run(): void {
    scanning = scan()
      .catch((error) => log.warn({ err: error }, 'the spools could not be looked through'))
      .finally(() => {
        if (!stopped) timer = setTimeout(run, scanMs)
      })
  }

  return {
    start: run,
    async stop() {
      stopped = true
      clearTimeout(timer)
      await scanning
      const all = [...adopted.values()]
      await Promise.all(all.map(({ feed }) => feed.stop()))
      await Promise.all(all.map(({ ended }) => ended))
    },
    feeds: () => [...adopted.values()].map(({ feed }) => feed),
  }
}

/**
 * End of a spool whose segments are all deleted. The name comes first: a crash anywhere leaves either a
 * whole spool or a `.done`, which the next scan finishes.
 */
export async function endSpool(root: string, producer: string, db: Db): Promise<void> {
  await rename(join(root, producer), join(root, producer + done))
  await finishSpool(root, producer, db)
}

async function finishSpool(root: string, producer: string, db: Db): Promise<void> {
  await forgetProducer(db, producer)
  await rm(join(root, producer + done), { recursive: true, force: true })
}

/** Without its registry entry a spool would be sent for ever and always be ignored. */
export async function quarantineSpool(root: string, producer: string, log: Logger): Promise<void> {
  await rename(join(root, producer), join(root, quarantine + producer))
  log.error(
    { producer, directory: join(root, quarantine + producer) },
    'a spool whose producer is not registered was set aside: its last calls may not be counted',
  )
}
