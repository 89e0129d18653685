import { hash, randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Deps } from '../context.ts'
import { ApiError } from '../errors.ts'
import type { CheckoutOrder } from '../outgoing/provider-client.ts'
import { ProviderError } from '../outgoing/provider-error.ts'
import { BadInput } from '../rules/bad-input.ts'
import { type CheckoutPrice, checkoutPrice, pricedPlan } from '../rules/billing/checkout-price.ts'
import type { BillingProvider } from '../rules/billing/fact.ts'
import { newer } from '../rules/billing/key-access.ts'
import { statusAt } from '../rules/billing/subscription-state.ts'
import { HOUR } from '../rules/calendar-time.ts'
import { type AccountDoc, accounts } from '../store/accounts.ts'
import type { ApiKeyDoc } from '../store/api-keys.ts'
import { billingSubscriptions, type SubscriptionDoc } from '../store/billing-subscriptions.ts'
import {
  type CheckoutDoc,
  forgetCheckout,
  keepCheckoutUrl,
  releaseCheckout,
  takeCheckout,
} from '../store/checkouts.ts'
import { decryptCustomer } from '../store/settle-subscription.ts'
import { type KeyScope, keyIn, noSuchKey } from './api-key-commands.ts'
import { asApiError, configuredProvider } from './provider-calls.ts'

export type CheckoutTools = Pick<
  Deps,
  'db' | 'plans' | 'encryption' | 'providers' | 'publicUrl' | 'clock' | 'log'
>

export interface CheckoutChoice {
  tier: string
  provider: BillingProvider
}

/** A checkout that waits to be paid. */
export interface OpenCheckout {
  url: string
  provider: BillingProvider
  tier: string
  expiresAt: Date
}

const LIFE_MS = HOUR
/** What is left of it when it is given out a second time: somebody still has to find his card. */
const LEAST_LEFT_MS = 5 * 60_000
/** Stripe makes none that ends earlier than in half an hour. */
const LEAST_TO_MAKE_MS = 32 * 60_000
/** Above the longest call of an API process. */
const LEASE_MS = 12_000
/** Below the time in which an operation must be answered. */
const WAIT_MS = 8_000
const LOOK_EVERY_MS = 100

/**
 * Where the owner pays for a plan of one key. Asked again within the hour for the same, it is the same address;
 * of concurrent callers one asks the provider and the others wait for him.
 * @throws BadInput in plain words where it cannot be bought, or ApiError NOT_FOUND or UNAVAILABLE
 */
export async function createCheckout(
  tools: CheckoutTools,
  scope: KeyScope,
  choice: CheckoutChoice,
): Promise<OpenCheckout> {
  const order = await checkedOrder(tools, scope, choice)
  const owner = randomUUID()
  const deadline = tools.clock() + WAIT_MS
  for (;;) {
    const checkout = await takeOrdered(tools, order, owner)
    const url = await readUrl(tools, checkout)
    if (url !== null) return openCheckout(checkout, url)
    if (checkout.lease?.owner === owner) {
      return openCheckout(checkout, await make(tools, order, checkout, owner))
    }
    if (tools.clock() > deadline) {
      const message = 'The same checkout is being made right now. Try again in a moment.'
      throw new ApiError('UNAVAILABLE', message, { retryAfter: 5 })
    }
    await setTimeout(LOOK_EVERY_MS)
  }
}

interface Ordered extends CheckoutChoice, CheckoutPrice {
  key: ApiKeyDoc
  account: AccountDoc
  customer: string | null
  /** Subscriptions that the key had: after another one the address of before is paid. */
  earlier: readonly string[]
}

async function checkedOrder(
  tools: CheckoutTools,
  scope: KeyScope,
  { tier, provider }: CheckoutChoice,
): Promise<Ordered> {
  const { db, plans, providers, clock } = tools
  const key = await keyIn(db, scope)
  const plan = pricedPlan(plans, tier)
  if (key.revokedAt) throw new BadInput('This key was revoked: nobody can use what it pays for.')
  configuredProvider(providers, provider)
  const account = await accounts(db).findOne({ _id: key.accountId })
  if (!account) throw noSuchKey()
  const price = checkoutPrice(plan, provider, account.currency)
  const held = await billingSubscriptions(db).find({ apiKeyId: key._id }).toArray()
  if (held.some((one) => isLive(one, clock()))) {
    throw new BadInput(
      'This key has a subscription. Change or cancel it in the billing portal (billingPortal).',
    )
  }
  return {
    tier,
    provider,
    ...price,
    key,
    account,
    customer: earlierCustomer(tools, provider, held),
    earlier: held.map(({ _id }) => _id).toSorted(),
  }
}

function isLive({ state }: SubscriptionDoc, now: number): boolean {
  const counts = state !== null && state.tier !== null && state.status !== null
  return counts && statusAt(state, now) !== 'CANCELED'
}

/**
 * Who paid for this very key before. Not the account's customer of another key: Stripe counts usage by
 * customer, and two subscriptions of one customer would each be billed for the calls of both keys.
 */
function earlierCustomer(
  tools: CheckoutTools,
  provider: BillingProvider,
  held: readonly SubscriptionDoc[],
): string | null {
  const known = held.flatMap((doc) =>
    doc.provider === provider && doc.state && doc.customer
      ? [{ id: doc._id, state: doc.state, doc }]
      : [],
  )
  const [last] = known.toSorted(newer)
  return last ? decryptCustomer(tools, last.doc) : null
}

function takeOrdered(
  { db, clock, publicUrl }: CheckoutTools,
  order: Ordered,
  owner: string,
): Promise<CheckoutDoc> {
  const { key, account, tier, provider, priceId, overagePriceId, customer, earlier } = order
  const now = clock()
  const who = [customer ?? account.email, ...earlier]
  const what = [priceId, overagePriceId, account.currency, publicUrl, ...who]
  const fresh = {
    _id: `${key._id}:${provider}:${tier}`,
    ...{ apiKeyId: key._id, accountId: account._id, provider, tier },
    order: hash('sha256', JSON.stringify(what), 'base64url'),
    idempotencyKey: `checkout:${randomUUID()}`,
    createdAt: new Date(now),
    expiresAt: new Date(Math.floor((now + LIFE_MS) / 1_000) * 1_000),
  }
  return takeCheckout(db, {
    ...{ fresh, owner, leaseMs: LEASE_MS },
    usableUntil: new Date(now + LEAST_LEFT_MS),
    makeableUntil: new Date(now + LEAST_TO_MAKE_MS),
  })
}

/** Null: not made yet. Where its key of ENCRYPTION_KEYS is gone it is forgotten, and made again. */
async function readUrl(
  { db, encryption }: CheckoutTools,
  { _id, idempotencyKey, url }: CheckoutDoc,
): Promise<string | null> {
  if (url === null) return null
  try {
    return encryption.decrypt(url, _id, 'url')
  } catch {
    await forgetCheckout(db, { _id, idempotencyKey })
    return null
  }
}

async function make(
  tools: CheckoutTools,
  order: Ordered,
  checkout: CheckoutDoc,
  owner: string,
): Promise<string> {
  const { db, providers, encryption, log } = tools
  const { _id, idempotencyKey, provider } = checkout
  const held = { _id, idempotencyKey }
  try {
    const client = configuredProvider(providers, provider)
    const url = await client.createCheckout(orderFor(tools, order, checkout))
    await keepCheckoutUrl(db, held, encryption.encrypt(url, _id, 'url'))
    return url
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    // An answer is given again under the same key for a day, a 500 too: after one it begins anew. Without
    // one it is asked for again. (At Paddle a transaction whose address nobody has is never paid.)
    const answered = error.code !== 'unavailable' && error.status !== null
    await (answered ? forgetCheckout(db, held) : releaseCheckout(db, held, owner))
    throw asApiError(error, log)
  }
}

function orderFor(
  { publicUrl }: CheckoutTools,
  order: Ordered,
  checkout: CheckoutDoc,
): CheckoutOrder {
  const { key, account, priceId, overagePriceId, customer } = order
  const back = `${publicUrl}/dashboard/billing?apiKey=${encodeURIComponent(key._id)}&checkout=`
  return {
    idempotencyKey: checkout.idempotencyKey,
    ...{ apiKeyId: key._id, userId: account.userId, priceId, overagePriceId },
    ...{ currency: account.currency, customer, email: account.email },
    ...{ successUrl: `${back}success`, cancelUrl: `${back}cancelled` },
    expiresAt: checkout.expiresAt.getTime(),
  }
}

function openCheckout({ provider, tier, expiresAt }: CheckoutDoc, url: string): OpenCheckout {
  return { url, provider, tier, expiresAt }
}
