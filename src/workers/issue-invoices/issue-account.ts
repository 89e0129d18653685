import type { InvoiceContent, MonthlyKind } from '../../rules/billing/invoice.ts'
import { statusWhenIssued } from '../../rules/billing/invoice-status.ts'
import { monthName } from '../../rules/calendar-time.ts'
import { ReckonedBefore, raiseAccountVersion } from '../../store/invoice-accounts.ts'
import { type InvoiceDoc, invoices } from '../../store/invoices.ts'
import { type AccountFacts, type FactTools, readAccountFacts } from './account-facts.ts'
import { type IssueContentTools, issueContent } from './issue-content.ts'
import { monthlyContents } from './monthly-contents.ts'

export interface InvoiceTools extends FactTools, IssueContentTools {}

/** What became of an account's month. */
export interface AccountOutcome {
  /** Issued now. */
  issued: InvoiceDoc[]
  /** How many had been issued before. */
  known: number
  problems: { kind: MonthlyKind; because: string }[]
}

/** Others may issue for the same account, or take numbers, at the same time: then it is reckoned anew. */
const ATTEMPTS = 50

/**
 * Issues what an account's month amounts to; what was issued before stays as it is.
 * @param facts as they were read a moment ago
 * @throws what MongoDB throws: what was issued by then is, and the rest comes with the next try
 */
export async function issueAccount(
  tools: InvoiceTools,
  facts: AccountFacts,
): Promise<AccountOutcome> {
  const issued: InvoiceDoc[] = []
  let fresh: AccountFacts | undefined = facts
  for (let attempt = 1; fresh; attempt++) {
    try {
      return await issueOnce(tools, fresh, issued)
    } catch (error) {
      if (!(error instanceof ReckonedBefore) || attempt === ATTEMPTS) throw error
      ;[fresh] = await readAccountFacts(tools, [facts.accountId], facts.reckoning.month)
    }
  }
  return { issued, known: 0, problems: [] }
}

/** @param issued what is added to; it holds what earlier attempts have issued */
async function issueOnce(
  tools: InvoiceTools,
  facts: AccountFacts,
  issued: InvoiceDoc[],
): Promise<AccountOutcome> {
  const { contents, problems, empty } = await monthlyContents(tools, facts)
  const known = await issuedAmong(tools, contents)
  let { version } = facts
  for (const content of contents) {
    if (known.has(content.id)) continue
    const { total, kind } = content
    const status = { status: statusWhenIssued(total), paidAt: null }
    try {
      const doc = await issueContent(tools, content, { version, status, refund: null })
      // By another, since we looked: what follows is reckoned anew.
      if (!doc) throw new ReckonedBefore(`${content.id} was issued meanwhile`)
      issued.push(doc)
      version = doc.sequence
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      problems.push({ kind, because: error.message })
    }
  }
  await settleEmpty(tools, facts, empty, version)
  const ours = issued.filter(({ _id }) => known.has(_id)).length
  return { issued, known: known.size - ours, problems }
}

async function issuedAmong(
  { db }: InvoiceTools,
  contents: readonly InvoiceContent[],
): Promise<Set<string>> {
  if (contents.length === 0) return new Set()
  const found = await invoices(db)
    .find({ _id: { $in: contents.map(({ id }) => id) }, status: { $ne: 'DRAFT' } })
    .project<{ _id: string }>({ _id: 1 })
    .toArray()
  return new Set(found.map(({ _id }) => _id))
}

/** Notes a month in which nothing was to be charged, so that calls that come late are told from it. */
async function settleEmpty(
  { db }: InvoiceTools,
  { accountId, reckoning }: AccountFacts,
  empty: readonly MonthlyKind[],
  version: number,
): Promise<void> {
  let at = version
  for (const kind of empty) {
    const month = `${monthName(reckoning.month)}:${kind}`
    if (reckoning.empty.includes(month)) continue
    await raiseAccountVersion(db, { accountId, version: at }, undefined, month)
    at += 1
  }
}
