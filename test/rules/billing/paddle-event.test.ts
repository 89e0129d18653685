import { describe, expect, test } from 'vitest'
import { FACT_RANK } from '../../../src/rules/billing/fact.ts'
import { readPaddleEvent } from '../../../src/rules/billing/paddle-event.ts'
import type { EventContent } from '../../../src/rules/billing/provider-event.ts'
import { changedAt, fixture, fixtureLink, fixtureNames } from '../../billing/fixtures.ts'

const END = Date.parse('2026-12-23T16:00:00.635Z')
const subscription = 'sub_01kay3r9v2s5q8w1d4f7h0j3m6'
const customer = 'ctm_01kay3q1n4b7c0x3z6l9k2j5h8'

const read = (name: string) => readPaddleEvent(fixture('paddle', name))
const factIn = (says: EventContent | null) => {
  if (says?.about !== 'subscription') throw new Error('it is about no subscription')
  return says.of.fact
}
const factOf = (event: unknown) => factIn(readPaddleEvent(event).says)

const snapshot = {
  ...{ kind: 'snapshot', status: 'ACTIVE', unpaid: false, priceIds: ['pri_starter_monthly'] },
  ...{ currentPeriodEnd: END, endsAt: null, startedAt: Date.parse('2026-11-23T16:00:02.114Z') },
}
const next = Date.parse('2027-01-23T16:00:00.635Z')

describe('an event of Paddle, as documented today', () => {
  test.each([
    ['subscription.created', FACT_RANK.created, 451, snapshot],
    ['subscription.activated', FACT_RANK.updated, 899, snapshot],
    ['subscription.updated', FACT_RANK.updated, 871, { ...snapshot, endsAt: END }],
    [
      'subscription.past_due',
      FACT_RANK.updated,
      114,
      { ...snapshot, status: 'PAST_DUE', currentPeriodEnd: next },
    ],
    [
      'subscription.paused',
      FACT_RANK.updated,
      0,
      { ...snapshot, status: 'PAUSED', currentPeriodEnd: null },
    ],
    [
      'subscription.resumed',
      FACT_RANK.updated,
      0,
      { ...snapshot, currentPeriodEnd: Date.parse('2027-02-10T10:00:00.1Z') },
    ],
    [
      'subscription.canceled',
      FACT_RANK.ended,
      846,
      {
        ...{ ...snapshot, status: 'CANCELED', currentPeriodEnd: null },
        endsAt: Date.parse('2026-12-23T16:00:07.361Z'),
      },
    ],
    ['transaction.completed', FACT_RANK.invoice, 0, { kind: 'paid' }],
    ['transaction.payment_failed', FACT_RANK.invoice, 972, { kind: 'paymentFailed' }],
  ])('%s says what it says of its subscription', (name, rank, micros, says) => {
    const event = fixture('paddle', name)
    const told = readPaddleEvent(event)
    expect(told).toMatchObject({ id: event.event_id, type: event.event_type, live: null })
    expect(told.says).toMatchObject({ about: 'subscription', of: { subscription, customer } })
    const at = Date.parse(String(event.occurred_at))
    expect(factIn(told.says)).toEqual({
      ...{ at, micros, rank, eventId: event.event_id, type: event.event_type },
      ...{ says, link: fixtureLink },
    })
  })

  test('of a transaction shows it as an invoice, in whole minor units', () => {
    expect(read('transaction.completed').says).toMatchObject({
      invoice: {
        ...{ id: 'txn_01kay3v5first000000000000', number: '4711-10001', paid: true, total: 2_900 },
        ...{ currency: 'USD', createdAt: Date.parse('2026-11-23T16:00:01.294Z') },
      },
    })
  })

  test('of a refund counts once Paddle has approved it', () => {
    expect(read('adjustment.created').says).toBeNull()
    expect(read('adjustment.updated').says).toMatchObject({
      about: 'refund',
      refund: {
        ...{ id: 'adj_01kayarefund000000000000', customer, subscription, total: 1_000 },
        ...{ invoice: 'txn_01kay3v5first000000000000', currency: 'USD' },
      },
    })
  })

  test('of a chargeback is a dispute', () => {
    expect(read('adjustment.created.chargeback').says).toMatchObject({
      about: 'dispute',
      dispute: { customer, subscription, reason: 'Chargeback', total: 2_900, currency: 'USD' },
    })
  })

  test('stands in the fixtures, and each is read', () => {
    for (const name of fixtureNames('paddle')) expect(() => read(name), name).not.toThrow()
  })
})

describe('an event of Paddle', () => {
  const updated = fixture('paddle', 'subscription.updated')
  const data = (path: string, value: unknown, of = updated) => changedAt(of, `data${path}`, value)

  test('that spells it cancelled counts as canceled, in its type and in its data', () => {
    const canceled = fixture('paddle', 'subscription.canceled')
    const spelled = changedAt(canceled, 'event_type', 'subscription.cancelled')
    const ended = { rank: FACT_RANK.ended, says: { status: 'CANCELED' } }
    expect(factOf(spelled)).toMatchObject(ended)
    expect(factOf(data('.status', 'cancelled'))).toMatchObject(ended)
  })

  test.each([
    ['subscription.activated', 'ACTIVE'],
    ['subscription.past_due', 'PAST_DUE'],
    ['subscription.paused', 'PAUSED'],
    ['subscription.canceled', 'CANCELED'],
  ])('of the type %s says so, whatever its data say', (name, status) => {
    for (const other of ['active', 'unheard_of', null, undefined, 7]) {
      expect(factOf(data('.status', other, fixture('paddle', name))).says).toMatchObject({ status })
    }
  })

  test.each(['subscription_charge', 'subscription_update'])(
    'of a transaction beside the renewals (%s) neither fails nor pays them',
    (origin) => {
      for (const name of ['transaction.completed', 'transaction.payment_failed']) {
        const event = data('.origin', origin, fixture('paddle', name))
        expect(factOf(event).says).toEqual({ kind: 'linked' })
        expect(readPaddleEvent(event).says).toMatchObject({ invoice: { total: 2_900 } })
      }
    },
  )

  test('of a card that is replaced shows no invoice', () => {
    const paid = fixture('paddle', 'transaction.completed')
    const event = data('.origin', 'subscription_payment_method_change', paid)
    expect(readPaddleEvent(event).says).toMatchObject({ invoice: null })
  })

  test('tells microseconds, whatever the number of its digits', () => {
    const micros = (text: string) => factOf(changedAt(updated, 'occurred_at', text)).micros
    const second = '2026-12-01T08:30:00'
    expect([`${second}Z`, `${second}.1Z`, `${second}.123Z`].map(micros)).toEqual([0, 0, 0])
    expect([`${second}.1234Z`, `${second}.123456Z`].map(micros)).toEqual([400, 456])
    expect(micros(`${second}.123456789Z`)).toBe(456)
    const zone = factOf(changedAt(updated, 'occurred_at', `${second}.000871+00:00`))
    expect(zone).toMatchObject({ at: Date.parse(`${second}Z`), micros: 871 })
  })

  test.each([
    ['a type that nobody here knows', changedAt(updated, 'event_type', 'subscription.imported')],
    ['a type that is a name of JavaScript', changedAt(updated, 'event_type', 'toString')],
    ['an unknown type without time and data', { event_id: 'evt_1', event_type: 'x.y' }],
    [
      'a transaction of no subscription',
      data('.subscription_id', null, fixture('paddle', 'transaction.payment_failed')),
    ],
    [
      'a credit that is taken back',
      data('.action', 'credit_reverse', fixture('paddle', 'adjustment.updated')),
    ],
  ])('of %s says nothing', (_, event) => {
    expect(readPaddleEvent(event).says).toBeNull()
  })

  test.each([
    ...[null, undefined, 'key_1', 7, [], {}, { api_key: { $gt: '' } }, { api_key: ['key_1'] }],
    ...[{ api_key: '' }, { api_key: 'x'.repeat(10_000) }, { user_id: {} }],
  ])('with the custom data %j names nobody, and is read all the same', (customData) => {
    expect(factOf(data('.custom_data', customData))).toMatchObject({
      ...{ says: { status: 'ACTIVE' }, link: { apiKey: null, userId: null } },
    })
  })

  test.each(['.customer_id', '.created_at', '.current_billing_period', '.discount', '.items'])(
    'is read without %s',
    (path) => {
      for (const value of [undefined, null]) {
        expect(factOf(data(path, value)).says).toMatchObject({ status: 'ACTIVE', endsAt: END })
      }
    },
  )

  test.each(['.customer_id', '.created_at', '.current_billing_period', '.address_id'])(
    'is read with nonsense in place of %s',
    (path) => {
      for (const value of [[], {}, { $gt: '' }, 'x'.repeat(100_000), -1, true]) {
        expect(factOf(data(path, value)).says).toMatchObject({ status: 'ACTIVE', endsAt: END })
      }
    },
  )

  test.each([
    ['data.status', ['unheard_of', null, undefined, 7, {}]],
    ['data.id', [null, undefined, '', 7, { $gt: '' }, 'a b']],
    ['data.items', ['x', 7, [7], [{ price: 7 }]]],
    ['data.scheduled_change', ['x', { action: 'cancel', effective_at: 'soon' }]],
    ['data.scheduled_change', [{ action: 'cancel', effective_at: '2026-13-01T00:00:00Z' }]],
    ['occurred_at', ['soon', null, undefined, 7, '2026-11-23', '2026-13-01T00:00:00Z']],
    ['data', [null, undefined, [], 'x']],
    ['event_id', [null, undefined, { $gt: '' }]],
    ['event_type', [null, undefined, ['subscription.updated']]],
  ])('is unreadable where %s is what its state cannot do without', (path, values) => {
    for (const value of values) {
      expect(() => readPaddleEvent(changedAt(updated, path, value)), String(value)).toThrow('')
    }
  })
})
