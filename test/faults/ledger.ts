import type { Db } from 'mongodb'
import { dayName, HOUR, hourName, monthName, startOfHour } from '../../src/rules/calendar-time.ts'
import { HOURS_LIVE_MS, type UsageCell, usageCells } from '../../src/store/usage-cells.ts'

/**
 * One call as its client sees it. `weight` travels as the event's `failed`: a random number, so that
 * one call lost and another doubled in the same cell cannot cancel out.
 */
export interface Call {
  key: string
  endpoint: string
  weight: number
  /** When it was answered, by the producer's clock; null: refused, or never answered. */
  at: number | null
}

/** The clients' side of the truth. */
export interface Ledger {
  readonly answered: Call[]
  readonly refused: Call[]
  /** Sent to a process that died before it answered: may count once or not at all. */
  readonly unknown: Call[]
}

export interface Verdict {
  answered: number
  refused: number
  unknown: number
  /** Unknown calls that were counted. */
  unknownCounted: number
  lost: number
  double: number
  /** What does not agree, in words; empty when the ledger and MongoDB are one. */
  faults: string[]
}

interface Sum {
  calls: number
  weight: number
}

/** Compares the ledger with every cell: by key and month where calls are unknown, else by cell. */
export async function compare(db: Db, ledger: Ledger, now: number): Promise<Verdict> {
  const { hours, days, months } = usageCells(db)
  const monthCells = await months.find().toArray()
  const unknownByKey = group(ledger.unknown, ({ key }) => key)
  const verdict: Verdict = {
    answered: ledger.answered.length,
    refused: ledger.refused.length,
    ...{ unknown: ledger.unknown.length, unknownCounted: 0, lost: 0, double: 0, faults: [] },
  }
  compareKeys(ledger, monthCells, unknownByKey, verdict)
  const certain = ledger.answered.filter(({ key }) => !unknownByKey.has(key))
  const of = (cells: UsageCell[]) => cells.filter(({ apiKeyId }) => !unknownByKey.has(apiKeyId))
  const named = (nameOf: (at: number) => string) => (call: Call) =>
    `${call.key}:${nameOf(call.at ?? 0)}`
  compareCells('month', group(certain, named(monthName)), of(monthCells), verdict)
  compareCells('day', group(certain, named(dayName)), of(await days.find().toArray()), verdict)
  // Hours that are about to expire may be there or not.
  const since = now - HOURS_LIVE_MS + HOUR
  const recent = certain.filter(({ at }) => startOfHour(at ?? 0) > since)
  const hourCells = (await hours.find().toArray()).filter(({ at }) => at.getTime() > since)
  compareCells('hour', group(recent, named(hourName)), of(hourCells), verdict)
  return verdict
}

/** Answered calls exactly once, unknown ones 0 or 1: some choice of them must explain both sums. */
function compareKeys(
  ledger: Ledger,
  cells: readonly UsageCell[],
  unknownByKey: ReadonlyMap<string, Call[]>,
  verdict: Verdict,
): void {
  const expected = group(ledger.answered, ({ key }) => key)
  const actual = new Map<string, Sum>()
  for (const { apiKeyId, total, failed } of cells) {
    const sum = actual.get(apiKeyId) ?? { calls: 0, weight: 0 }
    actual.set(apiKeyId, { calls: sum.calls + total, weight: sum.weight + failed })
  }
  for (const key of new Set([...expected.keys(), ...unknownByKey.keys(), ...actual.keys()])) {
    const answered = sumOf(expected.get(key) ?? [])
    const got = actual.get(key) ?? { calls: 0, weight: 0 }
    const unknown = unknownByKey.get(key) ?? []
    const extra = { calls: got.calls - answered.calls, weight: got.weight - answered.weight }
    if (extra.calls < 0) verdict.lost -= extra.calls
    if (extra.calls > unknown.length) verdict.double += extra.calls - unknown.length
    if (extra.calls > 0) verdict.unknownCounted += Math.min(extra.calls, unknown.length)
    if (!explains(unknown, extra)) {
      verdict.faults.push(
        `${key}: ${answered.calls} answered (weight ${answered.weight}), ${unknown.length} unknown, ` +
          `counted ${got.calls} (weight ${got.weight})`,
      )
    }
  }
}

/** Whether some of the calls sum up to exactly this. */
function explains(calls: readonly Call[], sum: Sum): boolean {
  if (sum.calls === 0) return sum.weight === 0
  if (sum.calls < 0 || sum.calls > calls.length) return false
  let reached = new Set(['0:0'])
  for (const { weight } of calls) {
    const further = [...reached].map((entry) => {
      const [n = 0, w = 0] = entry.split(':').map(Number)
      return `${n + 1}:${w + weight}`
    })
    reached = new Set([...reached, ...further])
    // Too many to enumerate: the numbers of calls agree, and that must do.
    if (reached.size > 100_000) return true
  }
  return reached.has(`${sum.calls}:${sum.weight}`)
}

function compareCells(
  grain: string,
  expected: ReadonlyMap<string, Call[]>,
  cells: readonly UsageCell[],
  verdict: Verdict,
): void {
  const byId = new Map(cells.map((cell) => [cell._id, cell]))
  for (const [id, calls] of expected) {
    const cell = byId.get(id)
    const sum = sumOf(calls)
    const endpoints = group(calls, ({ endpoint }) => endpoint)
    const agrees =
      cell?.total === sum.calls &&
      cell.failed === sum.weight &&
      Object.keys(cell.endpoints).length === endpoints.size &&
      [...endpoints].every(([name, of]) => cell.endpoints[name] === of.length) &&
      cell.accountId === `acc_${cell.apiKeyId}`
    if (!agrees) {
      const got = `${cell?.total} calls, weight ${cell?.failed}`
      verdict.faults.push(
        `${grain} ${id}: expected ${sum.calls} calls, weight ${sum.weight}, ${got}`,
      )
    }
    byId.delete(id)
  }
  for (const id of byId.keys()) verdict.faults.push(`${grain} ${id}: nobody made these calls`)
}

function sumOf(calls: readonly Call[]): Sum {
  return { calls: calls.length, weight: calls.reduce((sum, { weight }) => sum + weight, 0) }
}

function group(calls: readonly Call[], by: (call: Call) => string): Map<string, Call[]> {
  const groups = new Map<string, Call[]>()
  for (const call of calls) {
    const list = groups.get(by(call))
    if (list) list.push(call)
    else groups.set(by(call), [call])
  }
  return groups
}
