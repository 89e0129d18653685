import type { Db } from 'mongodb'
import { ApiError } from '../errors.ts'
import { BadInput } from '../rules/bad-input.ts'
import {
  type InvoiceEvent,
  statusAfter,
  whyNotPayableByHand,
} from '../rules/billing/invoice-status.ts'
import { unprintable } from '../rules/unprintable.ts'
import { moveInvoice } from '../store/invoice-status.ts'
import { type InvoiceDoc, invoices } from '../store/invoices.ts'

/** What an operator decides about an issued document. */
export interface InvoiceDecision {
  id: string
  event: InvoiceEvent
  /** Plain words; of a payment null. */
  because: string | null
}

const REASON_LENGTH = 200
const words: Readonly<Record<InvoiceEvent, string>> = {
  pay: 'paid',
  void: 'made void',
  giveUp: 'given up',
}

/**
 * The same again changes nothing.
 * @throws BadInput where its status does not allow it, ApiError NOT_FOUND
 */
export async function decideInvoice(
  db: Db,
  { id, event, because }: InvoiceDecision,
  { clock }: { clock: () => number },
): Promise<InvoiceDoc> {
  const found = await invoices(db).findOne({ _id: id })
  if (!found) throw noSuchInvoice()
  const notByHand = event === 'pay' ? whyNotPayableByHand(found.kind) : null
  if (notByHand !== null) throw new BadInput(notByHand)
  const move = { id, event, when: new Date(clock()), because }
  const moved = await db.client.withSession((session) =>
    session.withTransaction(() => moveInvoice(db, move, session)),
  )
  if (moved) return moved
  const now = await invoices(db).findOne({ _id: id })
  if (now && statusAfter(now.status, event) === now.status) return now
  throw new BadInput(`What is ${now?.status ?? found.status} cannot be ${words[event]}.`)
}

/** @throws BadInput */
export function checkedReason(text: string): string {
  const reason = text.trim()
  if (unprintable.test(reason) || reason === '' || [...reason].length > REASON_LENGTH) {
    throw new BadInput(
      `"reason" must have 1 to ${REASON_LENGTH} characters, none of them control characters.`,
    )
  }
  return reason
}

/** One answer for what is not there and for what belongs to somebody else. */
export function noSuchInvoice(): ApiError {
  return new ApiError('NOT_FOUND', 'There is no such invoice.')
}
