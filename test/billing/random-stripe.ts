import { integer } from '../faults/random.ts'
import {
  chance,
  HISTORY_DAYS,
  type History,
  type HistoryNames,
  oneOf,
  type Random,
  randomLink,
  randomPlan,
} from './random-histories.ts'
import { stripeCheckout, stripeEvent, stripeInvoice, stripeSubscription } from './stripe-events.ts'

interface Life {
  id: string
  customer: string
  status: string
  plan: string
  created: number
  periodEnd: number
  cancelAt: number | null
  cancelAtPeriodEnd: boolean
  endedAt: number | null
  metadata: Record<string, unknown>
}

const DAY_S = 86_400

/**
 * Stripe as a small machine: a subscription changes, and events tell of it, often several in one second. What
 * their ids are says nothing of their order, as at Stripe.
 */
export function stripeHistory(random: Random, names: HistoryNames, now: number): History {
  const { copy } = names
  const events: string[] = []
  const lives: Life[] = []
  let at = Math.floor(now / 1_000) - HISTORY_DAYS * DAY_S
  let invoices = 0

  function emit(type: string, object: Record<string, unknown>, livemode = false): void {
    const id = `evt_${copy}_${String(integer(random, 0, 999_999_999)).padStart(9, '0')}`
    events.push(JSON.stringify(stripeEvent(id, type, at, object, { livemode })))
  }

  const shown = (life: Life) =>
    stripeSubscription({
      ...{ id: life.id, customer: life.customer, status: life.status, created: life.created },
      ...{ price: `price_${life.plan}_monthly`, currentPeriodEnd: life.periodEnd },
      ...{ cancelAt: life.cancelAt, cancelAtPeriodEnd: life.cancelAtPeriodEnd },
      ...{ endedAt: life.endedAt, metadata: life.metadata },
    })

  function begin(): Life {
    const linked = chance(random, 0.7)
    const life: Life = {
      id: `sub_${copy}_${lives.length}`,
      customer: `cus_${copy}`,
      status: oneOf(random, ['incomplete', 'trialing', 'active', 'active']),
      plan: randomPlan(random),
      ...{ created: at, periodEnd: at + 30 * DAY_S, endedAt: null },
      ...{ cancelAt: null, cancelAtPeriodEnd: false },
      metadata: linked ? randomLink(random, names) : {},
    }
    lives.push(life)
    const checkout = () =>
      emit(
        'checkout.session.completed',
        stripeCheckout({
          ...{ subscription: life.id, customer: life.customer },
          metadata: randomLink(random, names),
        }),
      )
    const checkoutFirst = chance(random, 0.5)
    if (checkoutFirst) checkout()
    emit('customer.subscription.created', shown(life))
    if (!checkoutFirst && chance(random, 0.7)) checkout()
    return life
  }

  function invoice(life: Life, type: string): void {
    invoices += 1
    const about = stripeInvoice({
      ...{ id: `in_${copy}_${Math.ceil(invoices / 2)}`, subscription: life.id },
      ...{ customer: life.customer, created: at, metadata: life.metadata },
    })
    emit(type, about)
  }

  const update = (life: Life, change: Partial<Life>, type = 'customer.subscription.updated') => {
    Object.assign(life, change)
    emit(type, shown(life))
  }

  /** What happens to one that goes on. */
  const happenings: readonly [(life: Life) => void, ...((life: Life) => void)[]] = [
    (life) => {
      invoice(life, 'invoice.payment_failed')
      if (life.status !== 'incomplete') update(life, { status: 'past_due' })
    },
    (life) => {
      invoice(life, 'invoice.paid')
      invoice(life, 'invoice.payment_succeeded')
      update(life, { status: 'active', periodEnd: at + 30 * DAY_S })
    },
    (life) => update(life, { status: 'active' }),
    (life) => update(life, { status: 'unpaid' }),
    (life) => update(life, { status: 'paused' }, 'customer.subscription.paused'),
    (life) => update(life, { status: 'active' }, 'customer.subscription.resumed'),
    (life) => update(life, { plan: randomPlan(random) }),
    (life) => update(life, { cancelAtPeriodEnd: true, cancelAt: life.periodEnd + 90 * DAY_S }),
    (life) => update(life, { cancelAtPeriodEnd: false, cancelAt: null }),
    (life) => update(life, { metadata: randomLink(random, names) }),
    (life) => update(life, { metadata: { api_key: names.apiKeyIds[1] } }),
    (life) =>
      emit('charge.refunded', {
        ...{ id: `ch_${copy}_${life.id}`, object: 'charge', customer: life.customer },
        ...{ amount: 2_900, amount_refunded: integer(random, 1, 2_900), currency: 'usd' },
      }),
    (life) => emit('customer.updated', { id: life.customer, object: 'customer' }),
    // Of the other mode: whatever it says, it says nothing here.
    (life) => emit('customer.subscription.deleted', { ...shown(life), status: 'canceled' }, true),
    (life) => {
      life.endedAt = at
      update(life, { status: 'canceled' }, 'customer.subscription.deleted')
    },
    (life) => {
      life.endedAt = at
      update(life, { status: oneOf(random, ['canceled', 'incomplete_expired']) })
    },
  ]

  begin()
  for (let left = integer(random, 2, 9); left > 0; left -= 1) {
    // Several things in one second are common.
    if (!chance(random, 0.4)) at += integer(random, 1, 3 * DAY_S)
    const alive = lives.filter(({ endedAt }) => endedAt === null)
    const [first] = alive
    if (!first || (lives.length < 3 && chance(random, 0.15))) {
      begin()
      continue
    }
    oneOf(random, happenings)(oneOf(random, [first, ...alive.slice(1)]))
  }
  // Late words about what has ended, of a later second: they bring nothing back.
  const [over] = lives.filter(({ endedAt }) => endedAt !== null)
  if (over && chance(random, 0.5)) {
    at += integer(random, 1, DAY_S)
    invoice(over, 'invoice.paid')
    emit('customer.subscription.updated', { ...shown(over), status: 'active', ended_at: null })
  }
  return { events, answers: new Map(lives.map((life) => [life.id, shown(life)])) }
}
