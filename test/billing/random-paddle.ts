import { DAY } from '../../src/rules/calendar-time.ts'
import { integer } from '../faults/random.ts'
import { paddleEvent, paddleSubscription, paddleTransaction } from './paddle-events.ts'
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

interface Life {
  id: string
  customer: string
  status: string
  plan: string
  createdAt: number
  endsAt: number | null
  cancelAt: number | null
  canceledAt: number | null
  customData: Record<string, unknown> | null
}

/** Paddle as a small machine; its events tell microseconds, which differ by one here as often as by days. */
export function paddleHistory(random: Random, names: HistoryNames, now: number): History {
  const { copy } = names
  const events: string[] = []
  const lives: Life[] = []
  let at = Math.floor(now) - HISTORY_DAYS * DAY
  let transactions = 0

  function emit(type: string, data: Record<string, unknown>): void {
    const id = `evt_${copy}${String(integer(random, 0, 999_999_999)).padStart(9, '0')}`
    events.push(JSON.stringify(paddleEvent(id, type, at, data)))
  }

  const shown = ({ plan, ...life }: Life) =>
    paddleSubscription({ ...life, price: `pri_${plan}_monthly` })

  function begin(): void {
    const customData = chance(random, 0.7) ? randomLink(random, names) : null
    const life: Life = {
      ...{ id: `sub_${copy}${lives.length}`, customer: `ctm_${copy}`, createdAt: at },
      status: oneOf(random, ['trialing', 'active', 'active']),
      plan: randomPlan(random),
      ...{ endsAt: at + 30 * DAY, cancelAt: null, canceledAt: null, customData },
    }
    lives.push(life)
    emit('subscription.created', shown(life))
    if (life.status === 'active') update(life, {}, 'subscription.activated')
    transaction(life, 'transaction.completed', 'web')
  }

  function transaction(life: Life, type: string, origin: string): void {
    transactions += 1
    const about = paddleTransaction({
      ...{ id: `txn_${copy}${transactions}`, subscription: life.id, customer: life.customer },
      ...{ createdAt: at, origin, customData: life.customData },
    })
    emit(type, about)
  }

  const update = (life: Life, change: Partial<Life>, type = 'subscription.updated') => {
    Object.assign(life, change)
    emit(type, shown(life))
  }

  const happenings: readonly [(life: Life) => void, ...((life: Life) => void)[]] = [
    (life) => {
      transaction(life, 'transaction.payment_failed', 'subscription_recurring')
      if (chance(random, 0.7)) update(life, { status: 'past_due' }, 'subscription.past_due')
    },
    (life) => {
      transaction(life, 'transaction.completed', 'subscription_recurring')
      if (chance(random, 0.7)) update(life, { status: 'active', endsAt: at + 30 * DAY })
    },
    (life) => transaction(life, 'transaction.payment_failed', 'subscription_charge'),
    (life) => transaction(life, 'transaction.completed', 'subscription_payment_method_change'),
    (life) => update(life, { status: 'paused', endsAt: null }, 'subscription.paused'),
    (life) => update(life, { status: 'active', endsAt: at + DAY }, 'subscription.resumed'),
    (life) => update(life, { plan: randomPlan(random) }),
    (life) => update(life, { cancelAt: now + 20 * DAY }),
    (life) => update(life, { cancelAt: null }),
    (life) => update(life, { customData: randomLink(random, names) }),
    (life) => update(life, { customData: { api_key: names.apiKeyIds[1] } }),
    (life) => update(life, { customer: `ctm_${copy}b` }),
    (life) =>
      emit(oneOf(random, ['adjustment.created', 'adjustment.updated']), {
        ...{ id: `adj_${life.id}`, action: 'refund', customer_id: life.customer },
        ...{ subscription_id: life.id, transaction_id: `txn_${copy}1`, currency_code: 'USD' },
        status: oneOf(random, ['pending_approval', 'approved']),
        totals: { total: '100' },
      }),
    (life) => emit('customer.updated', { id: life.customer }),
    (life) =>
      update(
        life,
        { status: 'canceled', canceledAt: at, endsAt: null, cancelAt: null },
        oneOf(random, ['subscription.canceled', 'subscription.cancelled']),
      ),
  ]

  begin()
  for (let left = integer(random, 3, 10); left > 0; left -= 1) {
    if (!chance(random, 0.1)) {
      at += oneOf(random, [1 / 1_000, integer(random, 1, 999), integer(random, 1, 3 * DAY)])
    }
    const alive = lives.filter(({ canceledAt }) => canceledAt === null)
    const [first] = alive
    if (!first || (lives.length < 3 && chance(random, 0.15))) {
      begin()
      continue
    }
    oneOf(random, happenings)(oneOf(random, [first, ...alive.slice(1)]))
  }
  const [over] = lives.filter(({ canceledAt }) => canceledAt !== null)
  if (over && chance(random, 0.5)) {
    at += integer(random, 1, DAY)
    emit('subscription.past_due', { ...shown(over), status: 'past_due', canceled_at: null })
    transaction(over, 'transaction.completed', 'subscription_recurring')
  }
  return { events, answers: new Map() }
}
