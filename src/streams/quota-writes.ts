import { partitionOf, tagOf } from '../rules/partition.ts'
import { type QuotaPeriod, quotaPeriod, secondsToKeep } from '../rules/quota-period.ts'
import { giveBackUnits, raiseCounters, reserveUnits } from './quota-scripts.ts'
import type { RedisClient } from './redis.ts'
import { runScript } from './redis-script.ts'

/** The counter of one API key; its fields are described in `quota-scripts.ts`. */
export function quotaKey(apiKeyId: string): string {
  return `quota:{${tagOf(partitionOf(apiKeyId))}}:${apiKeyId}`
}

export interface Units {
  apiKeyId: string
  /** Start of the month, ms. */
  month: number
  units: number
}

/** Writes to counters that nobody waits for: collected, sent together, kept until they arrived. */
export interface QuotaWrites {
  /** Adds to what the next `sendGiveBacks` sends. */
  giveBack(units: Units): void
  sendGiveBacks(): Promise<void>
  /** Adds to what the next `sendRaises` sends; of one key the latest month and highest count stay. */
  raiseLater(known: Units): void
  sendRaises(): Promise<void>
  /** Months that are over for a week are left out. */
  raise(known: readonly Units[]): Promise<void>
}

/** Counters a script call: some 2 ms of Redis. */
const chunk = 500

export function createQuotaWrites(options: {
  redis: RedisClient
  /** Bounds the wait and rejects where Redis is away. */
  call: (command: () => Promise<unknown>) => Promise<unknown>
  clock: () => number
  /** Called for give-backs of which nobody knows whether Redis carried them out. */
  onUncertain: (units: Units) => void
}): QuotaWrites {
  const { redis, call, clock, onUncertain } = options
  const giveBacks = new Map<string, Units>()
  const raises = new Map<string, Units>()

  function giveBack(owed: Units): void {
    const id = `${owed.apiKeyId}:${owed.month}`
    const known = giveBacks.get(id)
    if (known) known.units += owed.units
    else giveBacks.set(id, { ...owed })
  }

  function raiseLater(known: Units): void {
    const { apiKeyId, month, units } = known
    const waiting = raises.get(apiKeyId)
    if (waiting && (waiting.month > month || (waiting.month === month && waiting.units >= units))) {
      return
    }
    raises.set(apiKeyId, known)
  }

  async function raiseMonth(period: QuotaPeriod, known: readonly Units[]): Promise<void> {
    const keep = secondsToKeep(period, clock())
    if (keep <= 0) return
    const keys = known.map(({ apiKeyId }) => quotaKey(apiKeyId))
    const floors = known.map(({ units }) => units)
    const args = [period.name, period.nameBefore, keep, ...floors]
    await call(() => runScript(redis, raiseCounters, keys, args))
  }

  async function raise(known: readonly Units[]): Promise<void> {
    for (const [month, units] of Map.groupBy(known, (entry) => entry.month)) {
      await raiseMonth(quotaPeriod(month), units)
    }
  }

  async function sendRaises(): Promise<void> {
    const sent = take(raises)
    if (sent.length === 0) return
    try {
      await raise(sent)
    } catch (error) {
      for (const known of sent) raiseLater(known)
      throw error
    }
    if (raises.size > 0) await sendRaises()
  }

  async function sendGiveBacks(): Promise<void> {
    const sent = take(giveBacks)
    if (sent.length === 0) return
    const keys = sent.map(({ apiKeyId }) => quotaKey(apiKeyId))
    const args = sent.flatMap(({ month, units }) => [quotaPeriod(month).name, units])
    try {
      await call(() => runScript(redis, giveBackUnits, keys, args))
    } catch (error) {
      // Where only the reply was lost they are now given back twice: the counter is too low until
      // somebody raises it. Not sending them again would leave it too high for ever.
      for (const owed of sent) {
        giveBack(owed)
        onUncertain(owed)
      }
      throw error
    }
    if (giveBacks.size > 0) await sendGiveBacks()
  }

  return { giveBack, sendGiveBacks, raiseLater, sendRaises, raise }
}

/** Removes and returns the first entries. */
function take(waiting: Map<string, Units>): Units[] {
  const taken: Units[] = []
  for (const [id, units] of waiting) {
    if (taken.length === chunk) break
    taken.push(units)
    waiting.delete(id)
  }
  return taken
}

/**
 * Writes, because a full Redis or a read-only replica is as good as away; by all three scripts, so
 * that a node which had lost them runs what follows in the order it was sent.
 * @param key in the slot of the counters
 */
export async function probeCounters(redis: RedisClient, key: string, now: number): Promise<void> {
  const { name, nameBefore } = quotaPeriod(now)
  await runScript(redis, raiseCounters, [key], [name, nameBefore, 60, now])
  await runScript(redis, giveBackUnits, [key], [name, 1])
  await runScript(redis, reserveUnits, [key], [name, 1, -1, 1])
}
