import type { ClientSession } from 'mongodb'
import { readPaddleEvent } from '../../rules/billing/paddle-event.ts'
import type { EventContent } from '../../rules/billing/provider-event.ts'
import { readStripeEvent } from '../../rules/billing/stripe-event.ts'
import type { InboxDoc } from '../../store/billing-inbox.ts'
import { applyDispute, applyRefund, askWhose } from './apply-refund.ts'
import { applyToSubscription } from './apply-subscription.ts'
import type { Applying, ApplyTools } from './applying.ts'
import { boundedTransaction } from './bounded-transaction.ts'
import { type Settled, settleEvent } from './inbox-claims.ts'
import { askAboutTie, TiedFact } from './tied-facts.ts'

/**
 * Applies one event of the inbox, in one transaction with its end: so that whoever dies in between leaves
 * nothing half done, and a second try finds either all or nothing.
 * @param session with no transaction under way
 * @returns how it ended; null: another process has ended it meanwhile
 * @throws UnreadableEvent, StillBusy, what MongoDB throws, and Error where it cannot be decrypted here
 */
export async function applyEvent(
  tools: ApplyTools,
  inbox: InboxDoc,
  session: ClientSession,
): Promise<Settled | null> {
  const { _id: inboxId, provider, raw } = inbox
  const now = tools.clock()
  const ignored = async (because: string) => {
    const settled: Settled = { status: 'IGNORED', because }
    return (await settleEvent(tools.db, inboxId, settled, new Date(now))) ? settled : null
  }
  if (!raw) return await ignored('its body is gone: it is older than 90 days')
  const content: unknown = JSON.parse(tools.encryption.decrypt(raw, inboxId, 'raw'))
  const event = provider === 'STRIPE' ? readStripeEvent(content) : readPaddleEvent(content)
  if (event.live !== null && event.live !== tools.live) {
    const mode = event.live ? 'live' : 'test'
    return await ignored(`it is of the ${mode} mode, which does not count here`)
  }
  if (event.says === null) return await ignored('it changes nothing here')
  const applying: Applying = { ...tools, provider, inboxId, event, now, answer: null }
  const says = await askWhose(applying, event.says)
  try {
    return await applyAtOnce(applying, says, session)
  } catch (error) {
    if (!(error instanceof TiedFact)) throw error
    const answer = await askAboutTie(applying, error)
    return await applyAtOnce({ ...applying, answer }, says, session)
  }
}

async function applyAtOnce(
  applying: Applying,
  says: EventContent,
  session: ClientSession,
): Promise<Settled | null> {
  const { db, inboxId, now } = applying
  let settled: Settled | null = null
  await boundedTransaction(session, async () => {
    settled = await applyContent(applying, says, session)
    if (await settleEvent(db, inboxId, settled, new Date(now), session)) return
    // Another process was faster: what was written here would be written twice.
    settled = null
    await session.abortTransaction()
  })
  return settled
}

async function applyContent(
  applying: Applying,
  says: EventContent,
  session: ClientSession,
): Promise<Settled> {
  switch (says.about) {
    case 'subscription':
      return await applyToSubscription(applying, says, session)
    case 'refund':
      return await applyRefund(applying, says, session)
    case 'dispute':
      return await applyDispute(applying, says, session)
  }
}
