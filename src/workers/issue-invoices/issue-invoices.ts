import { randomUUID } from 'node:crypto'
import type { Logger } from '../../log.ts'
import { dueMonths, ISSUE_AFTER_MS } from '../../rules/billing/due-months.ts'
import { DAY, monthName, startOfNextMonth } from '../../rules/calendar-time.ts'
import { parseMonth } from '../../rules/usage-period.ts'
import { invoiceProblems } from '../../store/invoices.ts'
import { doRun, RunEnded } from '../job-run.ts'
import { lookOnSchedule } from '../scheduled-looks.ts'
import { shareRun } from '../shared-run.ts'
import { creditRefunds } from './credit-refunds.ts'
import { ISSUE_JOB, invoicedMonths } from './issue-job.ts'
import { createMonthInvoicing, type MonthTools } from './issue-month.ts'
import { settleStatements } from './settle-statements.ts'

/** A run that is not renewed for so long was left by a process that died. */
const LEASE_MS = 30_000
/** How often every worker looks for months that are due, failed or were left, besides 02:00 UTC on the first. */
const LOOK_EVERY_MS = 30_000
/** How often payments and refunds of providers are looked for. */
const SETTLE_EVERY_MS = 5_000
/** How far back a month that was missed is made up. */
const MADE_UP_MS = 366 * DAY

export interface IssueInvoicesOptions extends MonthTools {
  /** Something was issued or paid: what it tells others is ready to be published. */
  onTold: () => void
  /** The three above, shorter in tests. */
  leaseMs?: number
  lookEveryMs?: number
  settleEveryMs?: number
}

export interface IssueInvoices {
  /** Makes up missed months at once, then invoices each at 02:00 UTC on the first of the next. */
  start(): void
  /** Breaks a run off at its next batch and gives it back; settles when nothing runs any more. */
  stop(): Promise<void>
  /** Null: works. Else why not, in plain words. */
  readiness(): string | null
  /** Invoices what is due and not taken by another process. Returns the months that were finished here. */
  invoiceDueMonths(): Promise<string[]>
}

/** Any number of processes may run it: each month is invoiced by one of them, each document issued once. */
export function createIssueInvoices(options: IssueInvoicesOptions): IssueInvoices {
  const { db, clock, log, metrics, onTold } = options
  const { leaseMs = LEASE_MS, lookEveryMs = LOOK_EVERY_MS } = options
  const { settleEveryMs = SETTLE_EVERY_MS } = options
  const issueMonth = createMonthInvoicing(options)
  const owner = randomUUID()
  let stopping = false
  const looks = createSeries('invoicing a month failed', log)
  const settlements = createSeries('settling invoices failed', log)
  let end = () => {}

  async function invoiceMonth(month: string): Promise<boolean> {
    const begun = clock()
    let problems = 0
    try {
      const run = { id: `${ISSUE_JOB}:${month}`, owner, leaseMs }
      const done = await doRun(
        db,
        run,
        () => stopping,
        async (check) => {
          const issued = await issueMonth(month, async () => check())
          problems = issued.problemCount
          return { ...issued }
        },
      )
      if (done) {
        metrics.runs.inc({ outcome: problems > 0 ? 'problems' : 'success' })
        metrics.seconds.set((clock() - begun) / 1_000)
      }
      return done
    } catch (error) {
      if (!(error instanceof RunEnded)) metrics.runs.inc({ outcome: 'failure' })
      throw error
    } finally {
      onTold()
    }
  }

  async function invoiceDue(): Promise<string[]> {
    const now = clock()
    const { done, first } = await invoicedMonths(db, monthName(now - MADE_UP_MS))
    const due = dueMonths(now, done, first)
    const finished: string[] = []
    try {
      for (const month of due) {
        if (stopping) break
        if (await invoiceMonth(month)) finished.push(month)
      }
    } finally {
      const waiting = due.find((month) => !finished.includes(month))
      metrics.overdue.set(waiting === undefined ? 0 : (now - dueSince(waiting)) / 1_000)
      metrics.notIssued.set(await invoiceProblems(db).countDocuments())
    }
    return finished
  }

  const looking = shareRun(invoiceDue)

  const look = () => looks.attempt(looking.run)

  async function settleAll(): Promise<void> {
    const [paid, notes] = [await settleStatements(db), await creditRefunds(options)]
    for (const note of notes) {
      metrics.issued.inc({ kind: note.kind })
      log.info({ number: note.number, refund: note.refund }, 'a refund was credited')
    }
    if (paid + notes.length > 0) onTold()
  }

  const settling = shareRun(() => settlements.attempt(settleAll))

  return {
    invoiceDueMonths: looking.run,
    start() {
      const times = { name: ISSUE_JOB, cron: '0 2 1 * *', everyMs: lookEveryMs }
      const endLooks = lookOnSchedule(times, look)
      const timer = setInterval(settling.run, settleEveryMs)
      void settling.run()
      end = () => {
        endLooks()
        clearInterval(timer)
      }
    },
    async stop() {
      stopping = true
      end()
      await looking.ended()
      await settling.ended()
    },
    readiness: () => looks.failure() ?? settlements.failure(),
  }
}

/** When a month began to be due, ms. */
function dueSince(month: string): number {
  return startOfNextMonth(parseMonth(month)) + ISSUE_AFTER_MS
}

/** Attempts of one kind: of a series that fails only the first is logged, as the next is on its way. */
function createSeries(failure: string, log: Logger) {
  let failed = false
  return {
    async attempt(work: () => Promise<unknown>): Promise<void> {
      try {
        await work()
        failed = false
      } catch (error) {
        if (error instanceof RunEnded) return
        if (!failed) log.error({ err: error }, `${failure}, it is tried again`)
        failed = true
      }
    },
    failure: () => (failed ? failure : null),
  }
}
