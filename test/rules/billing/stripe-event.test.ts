import { describe, expect, test } from 'vitest'
import { FACT_RANK } from '../../../src/rules/billing/fact.ts'
import type { EventContent } from '../../../src/rules/billing/provider-event.ts'
import { fetchedStripeFact, readStripeEvent } from '../../../src/rules/billing/stripe-event.ts'
import { changedAt, fixture, fixtureLink, fixtureNames } from '../../billing/fixtures.ts'

const T = Date.UTC(2026, 10, 23, 16)
const DAY = 86_400_000
const END = T + 30 * DAY
const subscription = 'sub_1SXqGcTaxDatesQ7mPzAbCdE'
const customer = 'cus_UBcD3fGhIjKlMn'

const read = (name: string) => readStripeEvent(fixture('stripe', name))
const factIn = (says: EventContent | null) => {
  if (says?.about !== 'subscription') throw new Error('it is about no subscription')
  return says.of.fact
}
const factOf = (event: unknown) => factIn(readStripeEvent(event).says)

const snapshot = {
  ...{ kind: 'snapshot', status: 'ACTIVE', unpaid: false },
  priceIds: ['price_starter_monthly', 'price_starter_overage'],
  ...{ currentPeriodEnd: END, endsAt: null, startedAt: T },
}

describe('an event of Stripe, as documented today', () => {
  test.each([
    ['checkout.session.completed', FACT_RANK.checkout, { kind: 'linked' }],
    ['customer.subscription.created', FACT_RANK.created, { ...snapshot, status: null }],
    ['customer.subscription.updated', FACT_RANK.updated, snapshot],
    [
      'customer.subscription.updated.cancel-booked',
      FACT_RANK.updated,
      { ...snapshot, endsAt: END },
    ],
    [
      'customer.subscription.updated.past-due',
      FACT_RANK.updated,
      { ...snapshot, status: 'PAST_DUE' },
    ],
    [
      'customer.subscription.updated.unpaid',
      FACT_RANK.updated,
      { ...snapshot, status: 'PAST_DUE', unpaid: true },
    ],
    [
      'customer.subscription.deleted',
      FACT_RANK.ended,
      { ...snapshot, status: 'CANCELED', endsAt: END },
    ],
    ['customer.subscription.paused', FACT_RANK.updated, { ...snapshot, status: 'PAUSED' }],
    ['customer.subscription.resumed', FACT_RANK.updated, snapshot],
    ['invoice.paid', FACT_RANK.invoice, { kind: 'paid' }],
    ['invoice.payment_succeeded', FACT_RANK.invoice, { kind: 'paid' }],
    ['invoice.payment_failed', FACT_RANK.invoice, { kind: 'paymentFailed' }],
    // Before 2025-03-31 the period stood on the subscription, and the subscription on the invoice.
    ['customer.subscription.updated.2024-06-20', FACT_RANK.updated, snapshot],
    ['invoice.paid.2024-06-20', FACT_RANK.invoice, { kind: 'paid' }],
  ])('%s says what it says of its subscription', (name, rank, says) => {
    const event = fixture('stripe', name)
    const told = readStripeEvent(event)
    expect(told).toMatchObject({ id: event.id, type: event.type, live: false })
    expect(told.says).toMatchObject({ about: 'subscription', of: { subscription, customer } })
    const at = Number(event.created) * 1_000
    expect(factIn(told.says)).toEqual({
      ...{ at, micros: 0, rank, eventId: event.id, type: event.type, says, link: fixtureLink },
    })
  })

  test('of an invoice shows it, with its number and whole minor units', () => {
    const paid = {
      number: 'Q7MPZ001-0001',
      createdAt: T,
      paid: true,
      total: 2_900,
      currency: 'USD',
    }
    for (const name of ['invoice.paid', 'invoice.paid.2024-06-20']) {
      expect(read(name).says).toMatchObject({
        invoice: { id: 'in_1SXqGcTaxDatesQ7mPzin01', ...paid },
      })
    }
    expect(read('invoice.payment_failed').says).toMatchObject({
      invoice: { number: 'Q7MPZ001-0002', paid: false },
    })
  })

  test('of a refund holds all that went back of its charge', () => {
    expect(read('charge.refunded').says).toEqual({
      ...{ at: T + 3 * DAY, about: 'refund' },
      refund: {
        ...{ id: 'ch_3SXqGcTaxDatesQ7mPz0chrg01', customer, subscription: null, invoice: null },
        ...{ total: 1_000, currency: 'USD' },
      },
    })
  })

  test('of a dispute names its charge, and the customer where the charge is expanded', () => {
    const dispute = {
      ...{ id: 'du_1SXqGcTaxDatesQ7mPzdu01', customer: null, subscription: null },
      ...{ charge: 'ch_3SXqGcTaxDatesQ7mPz0chrg01', reason: 'fraudulent' },
      ...{ total: 2_900, currency: 'USD' },
    }
    expect(read('charge.dispute.created').says).toMatchObject({ about: 'dispute', dispute })
    const event = fixture('stripe', 'charge.dispute.created')
    const expanded = changedAt(event, 'data.object.charge', { id: dispute.charge, customer })
    expect(readStripeEvent(expanded).says).toMatchObject({ dispute: { ...dispute, customer } })
  })

  test('stands in the fixtures, and each is read', () => {
    for (const name of fixtureNames('stripe').filter((one) => one !== 'v2.thin')) {
      expect(read(name).says, name).not.toBeNull()
    }
  })
})

describe('an event of Stripe', () => {
  const updated = fixture('stripe', 'customer.subscription.updated')
  const deleted = fixture('stripe', 'customer.subscription.deleted')
  const object = (path: string, value: unknown, of = updated) =>
    changedAt(of, `data.object${path}`, value)

  test.each([
    ...['incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due', 'unpaid'],
    ...['canceled', 'paused'],
  ])('knows the status %s', (status) => {
    expect(() => readStripeEvent(object('.status', status))).not.toThrow()
  })

  test.each([
    [
      'a type that nobody here knows',
      changedAt(updated, 'type', 'customer.subscription.trial_will_end'),
    ],
    ['a type that is a name of JavaScript', changedAt(updated, 'type', 'constructor')],
    ['an unknown type without time and data', { id: 'evt_1', type: 'x.y', livemode: true }],
    [
      'an unknown type whose data is nonsense',
      { id: 'evt_1', type: 'x.y', data: [[1]], created: 'x' },
    ],
  ])('of %s says nothing', (_, event) => {
    expect(readStripeEvent(event).says).toBeNull()
  })

  test.each([
    ['a checkout of a single payment', 'checkout.session.completed', '.subscription', null],
    ['an invoice of no subscription', 'invoice.paid', '.parent', null],
  ])('of %s says nothing', (_, name, path, value) => {
    expect(readStripeEvent(object(path, value, fixture('stripe', name))).says).toBeNull()
  })

  test('that does not say its mode is not of real money', () => {
    expect(readStripeEvent(changedAt(updated, 'livemode', true)).live).toBe(true)
    expect(readStripeEvent(changedAt(updated, 'livemode', undefined)).live).toBe(false)
    expect(readStripeEvent(changedAt(updated, 'livemode', null)).live).toBe(false)
    expect(() => readStripeEvent(changedAt(updated, 'livemode', 'false'))).toThrow('livemode')
  })

  test('of a deletion is one, whatever its last status was', () => {
    for (const status of ['active', 'past_due', 'unheard_of', null, undefined]) {
      expect(factOf(object('.status', status, deleted))).toMatchObject({
        rank: FACT_RANK.ended,
        says: { status: 'CANCELED', unpaid: false },
      })
    }
  })

  test('names ids where objects stand that were expanded', () => {
    const price = { id: 'price_pro_monthly', object: 'price' }
    const item = { id: 'si_1', price, current_period_end: T / 1_000 }
    const expanded = object('.items', { object: 'list', data: [item] })
    const said = readStripeEvent(changedAt(expanded, 'data.object.customer', { id: 'cus_2' })).says
    expect(said).toMatchObject({ of: { customer: 'cus_2' } })
    expect(factIn(said).says).toMatchObject({
      priceIds: ['price_pro_monthly'],
      currentPeriodEnd: T,
    })
  })

  test('takes the plan of an item that has no price, and a period from whichever item tells it', () => {
    const data = [
      { plan: { id: 'plan_old' } },
      { price: 'price_x', current_period_end: 1_800_000_000 },
    ]
    expect(factOf(object('.items', { data })).says).toMatchObject({
      priceIds: ['plan_old', 'price_x'],
      currentPeriodEnd: 1_800_000_000_000,
    })
    expect(factOf(object('.items', { data: [] })).says).toMatchObject({
      ...{ priceIds: [], currentPeriodEnd: null },
    })
  })

  test('books an end at cancel_at, or at the end of the period', () => {
    const atEnd = object('.cancel_at_period_end', true)
    expect(factOf(atEnd).says).toMatchObject({ endsAt: END })
    const sooner = changedAt(atEnd, 'data.object.cancel_at', T / 1_000 + 5)
    expect(factOf(sooner).says).toMatchObject({ endsAt: T + 5_000 })
  })

  test.each([
    ...[null, undefined, 'key_1', 7, [], [{ api_key: 'key_1' }], {}, { api_key: null }],
    ...[{ api_key: { $gt: '' } }, { api_key: ['key_1'] }, { api_key: '' }, { api_key: 'a b' }],
    ...[{ api_key: 'x'.repeat(10_000) }, { api_key: 'a\nb' }, { api_key: 'kéy' }, { api_key: 7 }],
  ])('with the metadata %j names nobody, and is read all the same', (metadata) => {
    expect(factOf(object('.metadata', metadata))).toMatchObject({
      ...{ says: snapshot, link: { apiKey: null, userId: null } },
    })
  })

  test('with blanks around a word in its metadata names whom it names', () => {
    const metadata = { api_key: ' key_1\n', user_id: { a: 1 }, more: { deep: [1] } }
    expect(factOf(object('.metadata', metadata)).link).toEqual({ apiKey: 'key_1', userId: null })
  })

  test.each([
    ...['.customer', '.created', '.cancellation_details', '.latest_invoice', '.start_date'],
    ...['.discounts', '.currency', '.livemode'],
  ])('is read without %s, or with nonsense in its place', (path) => {
    for (const value of [undefined, null, [], {}, { $gt: '' }, 'x'.repeat(100_000), -1, true]) {
      expect(factOf(object(path, value)).says).toMatchObject({
        status: 'ACTIVE',
        priceIds: snapshot.priceIds,
      })
    }
  })

  test.each(['.number', '.total', '.currency', '.customer', '.created', '.id', '.lines'])(
    'of an invoice is read without %s, or with nonsense in its place',
    (path) => {
      const paid = fixture('stripe', 'invoice.paid')
      for (const value of [undefined, null, [], {}, 'x'.repeat(100_000), 1.5, true]) {
        expect(factOf(object(path, value, paid)).says).toEqual({ kind: 'paid' })
      }
    },
  )

  test.each([
    ['.status', ['unheard_of', null, undefined, 7, {}, ['active']]],
    ['.id', [null, undefined, '', 7, { $gt: '' }, 'a b', 'x'.repeat(256)]],
    ['.cancel_at', ['soon', -1, 1.5, 1e12, {}]],
    ['.items', ['x', 7, { data: 'x' }, { data: [7] }, { data: [{ price: 7 }] }]],
  ])('is unreadable where %s is what its state cannot do without', (path, values) => {
    for (const value of values) expect(() => readStripeEvent(object(path, value))).toThrow('')
  })

  test.each([
    ['created', ['2026-11-23', null, undefined, -1, 1.5, 1e12, {}]],
    ['data', [null, undefined, [], 'x', { object: null }, { object: [] }]],
    ['id', [null, undefined, { $gt: '' }]],
    ['type', [null, undefined, ['customer.subscription.updated']]],
  ])('is unreadable where its %s is none', (path, values) => {
    for (const value of values) {
      expect(() => readStripeEvent(changedAt(updated, path, value))).toThrow('')
    }
  })

  test.each([null, 7, 'x', []])('is no %j', (content) => {
    expect(() => readStripeEvent(content)).toThrow('')
  })

  test('that is unreadable says where, and shows nothing of what stands there', () => {
    const planted = object('.status', 'planted-value')
    expect(() => readStripeEvent(planted)).toThrow(/^status: is none that we know$/)
    const items = { data: Array.from({ length: 1_000 }, () => ({ price: 7 })) }
    expect(() => readStripeEvent(object('.items', items))).toThrow(/^(?!.*planted).{1,400}$/)
  })
})

describe('what Stripe answers about an instant', () => {
  const said = (more: Record<string, unknown>) => ({
    ...(fixture('stripe', 'customer.subscription.updated').data as { object: object }).object,
    ...more,
  })
  const place = { at: T, eventId: 'STRIPE:fetched:sub_1' }

  test('stands between the events of that instant and the end', () => {
    const fact = fetchedStripeFact(said({ status: 'past_due' }), place, T + 5_000)
    expect(fact).toMatchObject({ ...place, rank: FACT_RANK.fetched, says: { status: 'PAST_DUE' } })
    expect(FACT_RANK.fetched).toBeGreaterThan(FACT_RANK.updated)
    expect(FACT_RANK.fetched).toBeLessThan(FACT_RANK.ended)
  })

  test('stands where the subscription ended, or at the asking where that is not told', () => {
    const ended = said({ status: 'canceled', ended_at: T / 1_000 + 60 })
    expect(fetchedStripeFact(ended, place, T + 90_000)).toMatchObject({
      ...{ at: T + 60_000, rank: FACT_RANK.ended },
    })
    const untold = said({ status: 'canceled', ended_at: null })
    expect(fetchedStripeFact(untold, place, T + 90_000).at).toBe(T + 90_000)
  })

  test('is refused where it is no subscription', () => {
    for (const content of [null, {}, { error: { message: 'No such subscription' } }]) {
      expect(() => fetchedStripeFact(content, place, T)).toThrow('')
    }
  })
})
