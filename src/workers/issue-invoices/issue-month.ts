import type { Db } from 'mongodb'
import type { Logger } from '../../log.ts'
import { BadInput } from '../../rules/bad-input.ts'
import type { MonthlyKind } from '../../rules/billing/invoice.ts'
import { monthName, startOfMonth } from '../../rules/calendar-time.ts'
import { parseMonth } from '../../rules/usage-period.ts'
import { accounts } from '../../store/accounts.ts'
import { type InvoiceDoc, invoiceProblems, invoices } from '../../store/invoices.ts'
import { saveDraft } from '../../store/issue-invoice.ts'
import { type AccountFacts, readAccountFacts } from './account-facts.ts'
import type { InvoicingMetrics } from './invoicing-metrics.ts'
import { type InvoiceTools, issueAccount } from './issue-account.ts'
import { monthlyContents } from './monthly-contents.ts'

/** What one run did: the answer of the admin route and the `result` of the job. */
export interface MonthInvoiced {
  month: string
  /** The month still runs: these are drafts. */
  draft: boolean
  accounts: number
  /** Issued, or drafted, by this run. */
  issued: number
  /** Issued before. */
  known: number
  /** The first hundred. */
  documents: { id: string; accountId: string; kind: string; number: string | null }[]
  problemCount: number
  /** The first hundred of what cannot be invoiced. */
  problems: { accountId: string; kind: string; because: string }[]
}

export interface MonthTools extends InvoiceTools {
  log: Logger
  metrics: InvoicingMetrics
}

export type IssueMonth = (
  /** `2026-11` */
  month: string,
  /** Called between batches; throw from it to break off. */
  onProgress?: () => Promise<void>,
) => Promise<MonthInvoiced>

const BATCH = 100
const PROGRESS_EVERY = 1_000
const SHOWN = 100

interface Run extends MonthTools {
  at: number
  done: MonthInvoiced
}

/**
 * Returns the function that invoices a month: a document for each account and kind that has something to pay, once,
 * however often and by whomever it is called. Of the running month it makes drafts. What cannot be invoiced is told, kept
 * in `invoiceProblems`, and keeps nobody else back. A month in the future or of no calendar throws BadInput.
 */
export function createMonthInvoicing(tools: MonthTools): IssueMonth {
  return async (month, onProgress = async () => {}) => {
    const at = parseMonth(month)
    const running = startOfMonth(tools.clock())
    if (at > running) throw new BadInput(`${month} lies in the future`)
    const done = { month: monthName(at), draft: at === running, accounts: 0, issued: 0, known: 0 }
    const run: Run = {
      ...tools,
      at,
      done: { ...done, documents: [], problemCount: 0, problems: [] },
    }
    for await (const accountIds of batchesOfAccounts(tools.db)) {
      const facts = await readAccountFacts(tools, accountIds, at)
      if (run.done.draft) await draftBatch(run, facts)
      else await issueBatch(run, facts)
      tell(run, facts.length)
      await onProgress()
    }
    const { documents: _, problems: __, ...counts } = run.done
    tools.log.info(counts, run.done.draft ? 'a month was drafted' : 'a month was invoiced')
    return run.done
  }
}

async function* batchesOfAccounts(db: Db): AsyncIterable<string[]> {
  for (let after = ''; ; ) {
    const found = await accounts(db)
      .find({ _id: { $gt: after } })
      .sort({ _id: 1 })
      .limit(BATCH)
      .project<{ _id: string }>({ _id: 1 })
      .toArray()
    const last = found.at(-1)
    if (!last) return
    yield found.map(({ _id }) => _id)
    after = last._id
  }
}

async function issueBatch(run: Run, facts: readonly AccountFacts[]): Promise<void> {
  const kept: string[] = []
  for (const one of facts) {
    const { issued, known, problems } = await issueAccount(run, one)
    run.done.known += known
    for (const doc of issued) {
      run.metrics.issued.inc({ kind: doc.kind })
      note(run, doc)
    }
    for (const { kind, because } of problems) {
      kept.push(await keepProblem(run, one.accountId, kind, because))
    }
  }
  await dropResolved(run, facts, kept)
  await dropDrafts(run, facts, [])
}

async function draftBatch(run: Run, facts: readonly AccountFacts[]): Promise<void> {
  const drafted: string[] = []
  for (const one of facts) {
    const { contents, problems } = await monthlyContents(run, one)
    for (const content of contents) {
      drafted.push(content.id)
      const { id: _id, accountId, kind, number } = content
      if (await saveDraft(run.db, content, new Date(one.readAt)))
        note(run, { _id, accountId, kind, number })
    }
    for (const { kind, because } of problems) tellProblem(run, one.accountId, kind, because)
  }
  await dropDrafts(run, facts, drafted)
}

function note(
  { done }: Run,
  { _id: id, accountId, kind, number }: Pick<InvoiceDoc, '_id' | 'accountId' | 'kind' | 'number'>,
): void {
  done.issued += 1
  if (done.documents.length < SHOWN) done.documents.push({ id, accountId, kind, number })
}

function tellProblem({ done, log }: Run, accountId: string, kind: MonthlyKind, because: string) {
  done.problemCount += 1
  if (done.problems.length >= SHOWN) return
  done.problems.push({ accountId, kind, because })
  log.error({ accountId, kind, month: done.month, because }, 'an account cannot be invoiced')
}

/** Returns its id. */
async function keepProblem(
  run: Run,
  accountId: string,
  kind: MonthlyKind,
  because: string,
): Promise<string> {
  const { month } = run.done
  const _id = `${accountId}:${month}:${kind}`
  tellProblem(run, accountId, kind, because)
  await invoiceProblems(run.db).updateOne(
    { _id },
    { $set: { accountId, month, kind, because }, $setOnInsert: { since: new Date(run.clock()) } },
    { upsert: true },
  )
  return _id
}

/** What was a problem before and is none now: also where nothing is left to issue. */
async function dropResolved(run: Run, facts: readonly AccountFacts[], kept: string[]) {
  const accountId = { $in: facts.map((one) => one.accountId) }
  const resolved = { accountId, month: run.done.month, _id: { $nin: kept } }
  await invoiceProblems(run.db).deleteMany(resolved)
}

/** Of what came to nothing. A month that could not be invoiced keeps its draft no more than others: it would look alive. */
async function dropDrafts(run: Run, facts: readonly AccountFacts[], but: string[]): Promise<void> {
  const accountId = { $in: facts.map((one) => one.accountId) }
  const { month } = run.done
  await invoices(run.db).deleteMany({ accountId, month, status: 'DRAFT', _id: { $nin: but } })
}

function tell({ done, log }: Run, accountCount: number): void {
  const before = Math.floor(done.accounts / PROGRESS_EVERY)
  done.accounts += accountCount
  if (Math.floor(done.accounts / PROGRESS_EVERY) > before) {
    const { month, accounts: seen, issued, problemCount } = done
    log.info({ month, accounts: seen, issued, problemCount }, 'invoicing a month')
  }
}
