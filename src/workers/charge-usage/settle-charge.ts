import { ProviderError } from '../../outgoing/provider-error.ts'
import { chargeDelay, nextStep, OLDEST_MS, SETTLED_MS } from '../../rules/billing/charge-step.ts'
import { isPeriodOver } from '../../rules/billing/meter-instant.ts'
import { statusAt } from '../../rules/billing/subscription-state.ts'
import type { ChargeTry, InvoiceReason, UsageChargeDoc } from '../../store/usage-charges.ts'
import { askProvider } from './ask-provider.ts'
import { beginTry, type ChargeEnd, endCharge, putBackCharge } from './charge-claims.ts'
import { freeMinute, periodEndsOf } from './charge-target.ts'
import type { ChargeTools } from './charge-tools.ts'
import { sendCharge } from './send-charge.ts'
import { type StatedSubscription, subscriptionOf } from './stated-subscription.ts'

/** A charge that this process holds. */
export interface HeldCharge {
  charge: UsageChargeDoc
  owner: string
  /** On `performance.now()`, which goes on while a process is stopped; a lease could not tell it in time. */
  sendBefore: number
}

/** One step with one charge: to hand it over, to ask about it, to wait, or to leave it to an invoice. */
export async function settleCharge(tools: ChargeTools, held: HeldCharge): Promise<void> {
  const { charge } = held
  const subscription = await subscriptionOf(tools.db, charge)
  const now = tools.clock()
  const step = nextStep(
    {
      provider: charge.provider ?? 'STRIPE',
      usageEnd: charge.usageEnd.getTime(),
      unknownSince: charge.unknownSince?.getTime() ?? null,
      lastTriedAt: charge.lastTriedAt?.getTime() ?? null,
      mustAsk: charge.mustAsk || (await countsInThePast(tools, charge, subscription)),
    },
    now,
  )
  switch (step.do) {
    case 'wait':
      return await putBackCharge(tools.db, idOf(held), { dueAt: new Date(step.until) }, null)
    case 'invoice':
      return await leaveToInvoice(tools, held, 'TOO_OLD', 'they are older than 34 days', null)
    case 'ask':
      return await ask(tools, held, subscription)
    case 'send':
      return await send(tools, held, subscription)
  }
}

const idOf = ({ charge: { _id }, owner }: HeldCharge) => ({ _id, owner })

/** Sent again, it would count in a period that is billed already, or nowhere. */
async function countsInThePast(
  { db, clock }: ChargeTools,
  { meter, unknownSince }: UsageChargeDoc,
  subscription: StatedSubscription | null,
): Promise<boolean> {
  if (!meter || unknownSince === null || !subscription) return false
  const now = clock()
  const { startedAt } = subscription.state
  const periodEnds = await periodEndsOf(db, subscription)
  return isPeriodOver(meter.at.getTime(), { periodEnds, startedAt, now })
}

async function send(
  tools: ChargeTools,
  held: HeldCharge,
  subscription: StatedSubscription | null,
): Promise<void> {
  const { db, clock } = tools
  const { charge, owner } = held
  const now = clock()
  const isFresh = charge.unknownSince === null
  const hasEnded = !subscription || statusAt(subscription.state, now) === 'CANCELED'
  if (isFresh && hasEnded) {
    const because = 'the subscription ended before they were charged'
    return await leaveToInvoice(tools, held, 'SUBSCRIPTION_ENDED', because, null)
  }
  const day = charge.day.getTime()
  const counts =
    isFresh && charge.meter && subscription
      ? {
          customerHash: subscription.customerHash,
          at: new Date(await freeMinute(db, subscription, { day, now, own: charge._id })),
        }
      : null
  const began = await beginTry(db, charge, { owner, now: new Date(now), counts })
  if (!began || performance.now() > held.sendBefore) return
  const at = counts?.at ?? charge.meter?.at
  const meter = charge.meter && at ? { ...charge.meter, at } : null
  const sending = { ...charge, meter, firstTriedAt: charge.firstTriedAt ?? new Date(now) }
  try {
    const outcome = await sendCharge(tools, sending, subscription)
    await acknowledge(tools, held, { outcome, did: 'sent', answer: null })
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    await afterFailure(tools, held, error, 'sent')
  }
}

type Tried = Pick<ChargeTry, 'did' | 'outcome' | 'answer'>

async function acknowledge(tools: ChargeTools, held: HeldCharge, tried: Tried): Promise<void> {
  const { provider, units } = held.charge
  const end = { acknowledged: units, toNextInvoice: 0, missing: 0, reason: null, because: null }
  if ((await endedNow(tools, held, end, tried)) && provider) {
    tools.metrics.charges.inc({ provider, outcome: 'acknowledged' })
    tools.metrics.units.inc({ provider }, units)
  }
}

async function leaveToInvoice(
  tools: ChargeTools,
  held: HeldCharge,
  reason: InvoiceReason,
  because: string,
  tried: Tried | null,
): Promise<void> {
  const { provider, units, _id } = held.charge
  const end = { acknowledged: 0, toNextInvoice: units, missing: 0, reason, because }
  if (!(await endedNow(tools, held, end, tried))) return
  const outcome = reason === 'REFUSED' ? 'refused' : 'next_invoice'
  if (provider) tools.metrics.charges.inc({ provider, outcome })
  tools.log.warn({ charge: _id, units, reason, because }, 'calls above the limit go on an invoice')
}

async function endedNow(
  { db, clock }: ChargeTools,
  { charge, owner }: HeldCharge,
  end: ChargeEnd,
  tried: Tried | null,
): Promise<boolean> {
  const now = new Date(clock())
  return await endCharge(db, { charge, owner, end, tried: tried && { ...tried, at: now }, now })
}

/**
 * What was refused may have been taken by an earlier try whose answer was lost: then it is asked about before it
 * is left to an invoice. What this try alone can have left unknown, and did not, is known again.
 */
async function afterFailure(
  tools: ChargeTools,
  held: HeldCharge,
  error: ProviderError,
  did: ChargeTry['did'],
): Promise<void> {
  const { db, clock, log, metrics } = tools
  const { charge } = held
  const { _id, provider, attempts, unknownSince } = charge
  const tried = { did, outcome: error.code, answer: error.message }
  const now = clock()
  if (did === 'sent' && error.code === 'refused' && unknownSince === null) {
    return await leaveToInvoice(tools, held, 'REFUSED', error.message, tried)
  }
  if (provider) metrics.charges.inc({ provider, outcome: error.code })
  log.warn({ err: error, charge: _id, attempts: attempts + 1 }, 'a charge could not be settled')
  const wait = chargeDelay(attempts + 1, error.retryAfterMs)
  const settled = did === 'sent' && provider === 'PADDLE' ? SETTLED_MS.PADDLE : 0
  await putBackCharge(
    db,
    idOf(held),
    {
      dueAt: new Date(now + (error.code === 'unknown' ? Math.max(settled, wait) : wait)),
      ...(did === 'sent' && error.code !== 'unknown' && { unknownSince }),
      ...(did === 'sent' && error.code === 'refused' && { mustAsk: true }),
    },
    { ...tried, at: new Date(now) },
  )
}

async function ask(
  tools: ChargeTools,
  held: HeldCharge,
  subscription: StatedSubscription | null,
): Promise<void> {
  const { db, clock, log, metrics } = tools
  const { charge } = held
  const { _id, provider, units, usageEnd } = charge
  try {
    const { found, answer } = await askProvider(tools, charge, subscription)
    if (found > units) {
      metrics.doubles.inc()
      log.error({ charge: _id, units, found }, 'a provider has more of a charge than it was to get')
    }
    const tried: Tried = { did: 'asked', outcome: found > 0 ? 'found' : 'missing', answer }
    if (found >= units) return await acknowledge(tools, held, tried)
    const now = clock()
    if (found === 0) {
      const fresh = { dueAt: new Date(now), unknownSince: null, mustAsk: false }
      return await putBackCharge(db, idOf(held), fresh, { ...tried, at: new Date(now) })
    }
    const tooOld = now - usageEnd.getTime() > OLDEST_MS
    const missing = tooOld || provider === 'PADDLE' ? 0 : units - found
    const toNextInvoice = units - found - missing
    const left = toNextInvoice > 0
    await endedNow(
      tools,
      held,
      {
        ...{ acknowledged: found, missing, toNextInvoice, reason: left ? 'REFUSED' : null },
        because: left ? 'the provider has a part of them only' : null,
      },
      tried,
    )
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    await afterFailure(tools, held, error, 'asked')
  }
}
