import type { Db } from 'mongodb'
import type { Logger } from '../log.ts'
import { monthName } from '../rules/calendar-time.ts'
import { usageCells } from '../store/usage-cells.ts'
import { withinBudget } from './quota-circuit.ts'

/** The rolled-up month of a key, as a counter starts from it. */
export interface QuotaTruth {
  /**
   * Billed units of the month; null where MongoDB did not answer in time, and then for a while
   * without asking. Simultaneous questions about one key are one.
   */
  monthTotal(apiKeyId: string, month: number): Promise<number | null>
  /** Asks until MongoDB answers, then tells; for a counter that had to be created without it. */
  tellLater(apiKeyId: string, month: number, tell: (total: number) => void): void
  stop(): void
}

/** Longest wait of a call, and how long MongoDB is left alone after it was waited for in vain, ms. */
const waitMs = 300
const restMs = 2_000
/** More questions than this are dropped: the roll-up raises those counters with the next call. */
const maxUnanswered = 10_000

export function createQuotaTruth(options: {
  db: Db
  clock: () => number
  log: Logger
}): QuotaTruth {
  const { clock, log } = options
  const { months } = usageCells(options.db)
  const asking = new Map<string, Promise<number | null>>()
  const unanswered = new Map<string, () => Promise<boolean>>()
  let restUntil = 0
  let timer: NodeJS.Timeout | undefined

  async function read(id: string): Promise<number> {
    const cell = await months.findOne({ _id: id }, { projection: { total: 1 } })
    return cell?.total ?? 0
  }

  async function ask(id: string): Promise<number | null> {
    try {
      return await withinBudget(read(id), waitMs)
    } catch (error) {
      restUntil = clock() + restMs
      log.warn({ err: error }, 'MongoDB is away: quota counters start from what this process knows')
      return null
    } finally {
      asking.delete(id)
    }
  }

  async function askAgain(): Promise<void> {
    timer = undefined
    for (const [id, answered] of unanswered) {
      if (!(await answered())) break
      unanswered.delete(id)
    }
    askLater()
  }

  function askLater(): void {
    if (unanswered.size > 0) timer ??= setTimeout(askAgain, restMs).unref()
  }

  return {
    monthTotal(apiKeyId, month) {
      const id = `${apiKeyId}:${monthName(month)}`
      const asked = asking.get(id)
      if (asked) return asked
      if (clock() < restUntil) return Promise.resolve(null)
      const asks = ask(id)
      asking.set(id, asks)
      return asks
    },
    tellLater(apiKeyId, month, tell) {
      if (unanswered.size >= maxUnanswered) return
      const id = `${apiKeyId}:${monthName(month)}`
      unanswered.set(id, async () => {
        try {
          tell(await read(id))
          return true
        } catch {
          return false
        }
      })
      askLater()
    },
    stop() {
      clearTimeout(timer)
      unanswered.clear()
    },
  }
}
