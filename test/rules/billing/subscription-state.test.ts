import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type BillingFact,
  FACT_RANK,
  type FactContent,
  type SubscriptionStatus,
} from '../../../src/rules/billing/fact.ts'
import { foldFacts, statusAt } from '../../../src/rules/billing/subscription-state.ts'

const plans: Readonly<Record<string, string>> = { price_s: 'starter', price_p: 'pro' }
const tierOf = (price: string) => plans[price]
const fold = (facts: readonly BillingFact[]) => foldFacts(facts, tierOf)
const T = Date.UTC(2026, 10, 1)

function snapshot(status: SubscriptionStatus | null, more: object = {}): FactContent {
  return {
    ...{ kind: 'snapshot', status, unpaid: false, priceIds: ['price_s'] },
    ...{ currentPeriodEnd: null, endsAt: null, startedAt: T, ...more },
  }
}

let made = 0
function fact(at: number, says: FactContent, more: Partial<BillingFact> = {}): BillingFact {
  made += 1
  const link = { apiKey: null, userId: null }
  const eventId = `evt_${String(made).padStart(6, '0')}`
  return { at, micros: 0, rank: FACT_RANK.updated, eventId, type: 'x', says, link, ...more }
}

const failed: FactContent = { kind: 'paymentFailed' }
const paid: FactContent = { kind: 'paid' }
const linked: FactContent = { kind: 'linked' }
const invoice = { rank: FACT_RANK.invoice }

const states = [null, 'TRIALING', 'ACTIVE', 'PAST_DUE', 'PAUSED', 'CANCELED'] as const
const stays = (from: (typeof states)[number]) => from

describe('the table of what a fact does to a subscription', () => {
  const cells = states.flatMap((from) => [
    ...(['TRIALING', 'ACTIVE', 'PAST_DUE', 'PAUSED', 'CANCELED'] as const).map((status) => ({
      ...{ from, what: `a snapshot that says ${status}`, says: snapshot(status) },
      to: from === 'CANCELED' ? 'CANCELED' : status,
    })),
    { from, what: 'a snapshot, not begun', says: snapshot(null), to: stays(from) },
    {
      ...{ from, what: 'a failed payment', says: failed },
      to: from === 'TRIALING' || from === 'ACTIVE' ? 'PAST_DUE' : stays(from),
    },
    { from, what: 'a payment', says: paid, to: from === 'PAST_DUE' ? 'ACTIVE' : stays(from) },
    { from, what: 'the word whom it is for', says: linked, to: stays(from) },
  ])

  test.each(cells)('$from and then $what is $to', ({ from, says, to }) => {
    const state = fold([fact(T, snapshot(from)), fact(T + 1_000, says)])
    expect(state?.status).toBe(to)
  })

  test('begins with nothing, and without facts there is no state', () => {
    expect(fold([])).toBeNull()
    for (const says of [failed, paid, linked, snapshot(null)]) {
      expect(fold([fact(T, says)])).toMatchObject({ status: null, tier: null, pastDueSince: null })
    }
  })
})

describe('a subscription', () => {
  test('fails since its first failed payment, until it is paid or a snapshot says otherwise', () => {
    const begun = fact(T, snapshot('ACTIVE'))
    const fails = [fact(T + 5, failed), fact(T + 6, snapshot('PAST_DUE')), fact(T + 9, failed)]
    expect(fold([begun, ...fails])).toMatchObject({ status: 'PAST_DUE', pastDueSince: T + 5 })
    for (const end of [paid, snapshot('ACTIVE'), snapshot('PAUSED')]) {
      const after = [begun, ...fails, fact(T + 10, end)]
      expect(fold(after)).toMatchObject({ pastDueSince: null, unpaid: false })
      expect(fold([...after, fact(T + 20, snapshot('PAST_DUE'))])).toMatchObject({
        pastDueSince: T + 20,
      })
    }
  })

  test('that was given up on is unpaid until it is paid', () => {
    const unpaid = fact(T + 5, snapshot('PAST_DUE', { unpaid: true }))
    expect(fold([unpaid])).toMatchObject({ unpaid: true, pastDueSince: T + 5 })
    expect(fold([unpaid, fact(T + 6, paid)])).toMatchObject({ status: 'ACTIVE', unpaid: false })
  })

  test('keeps its plan where a price is not known, and has none before one was', () => {
    const unknown = snapshot('ACTIVE', { priceIds: ['price_else', 'price_more'] })
    expect(fold([fact(T, unknown)])).toMatchObject({ status: 'ACTIVE', tier: null })
    const known = fact(T, snapshot('ACTIVE', { priceIds: ['price_else', 'price_p'] }))
    expect(fold([known, fact(T + 1, unknown)])?.tier).toBe('pro')
  })

  test('ends when it ended, whatever had been booked and whenever it is told', () => {
    const booked = fact(T, snapshot('ACTIVE', { endsAt: T + 900 }))
    const end = (endsAt: number | null) =>
      fold([booked, fact(T + 500, snapshot('CANCELED', { endsAt }), { rank: FACT_RANK.ended })])
    expect(end(T + 400)?.endsAt).toBe(T + 400)
    expect(end(null)?.endsAt).toBe(T + 500)
    // It is told at the latest when it has happened.
    expect(end(T + 9_000)?.endsAt).toBe(T + 500)
  })

  test('whose booked end is taken back goes on', () => {
    const booked = fact(T, snapshot('ACTIVE', { endsAt: T + 900 }))
    expect(fold([booked, fact(T + 1, snapshot('ACTIVE'))])?.endsAt).toBeNull()
  })

  test('is for whom the latest word says, each word by itself', () => {
    const by = (at: number, apiKey: string | null, userId: string | null) =>
      fact(at, linked, { rank: FACT_RANK.checkout, link: { apiKey, userId } })
    const facts = [by(T, 'key_1', 'u'), by(T + 1, null, null), by(T + 2, 'key_2', null)]
    expect(fold(facts)?.link).toEqual({ apiKey: 'key_2', userId: 'u' })
  })

  test('tells when it last changed, and by which event', () => {
    const first = fact(T, snapshot('ACTIVE'))
    const fails = fact(T + 5, failed)
    expect(fold([first, fails, fact(T + 9, failed)])).toMatchObject({
      ...{ changedAt: T + 5, changedBy: fails.eventId },
    })
  })

  test('of facts of one instant the higher rank wins, then the larger event id', () => {
    const ranked = [
      fact(T, linked, { rank: FACT_RANK.checkout }),
      fact(T, failed, invoice),
      fact(T, snapshot('TRIALING'), { rank: FACT_RANK.created }),
      fact(T, snapshot('ACTIVE'), { rank: FACT_RANK.updated, eventId: 'evt_a' }),
      fact(T, snapshot('PAUSED'), { rank: FACT_RANK.updated, eventId: 'evt_b' }),
    ]
    expect(fold(ranked.toReversed())?.status).toBe('PAUSED')
    const ended = fact(T, snapshot('CANCELED'), { rank: FACT_RANK.ended, eventId: 'evt_0' })
    expect(fold([ended, ...ranked])?.status).toBe('CANCELED')
    const later = fact(T, snapshot('ACTIVE'), { micros: 1, rank: FACT_RANK.created, eventId: 'e' })
    expect(fold([later, ...ranked])?.status).toBe('ACTIVE')
  })
})

describe('what was fetched about an instant', () => {
  const fetched = { rank: FACT_RANK.fetched, type: 'fetched', eventId: 'STRIPE:fetched:x' }
  const tie = [fact(T, snapshot('ACTIVE')), fact(T, snapshot('PAST_DUE'))]

  test('decides between its events', () => {
    for (const status of ['ACTIVE', 'PAST_DUE', 'PAUSED'] as const) {
      expect(fold([...tie, fact(T, snapshot(status), fetched)])?.status).toBe(status)
    }
  })

  test('gives way to what happened later, also in what would have stayed of it', () => {
    const later = fact(T + 1_000, snapshot('PAST_DUE'))
    const answer = fact(T, snapshot('ACTIVE', { priceIds: ['price_p'] }), fetched)
    expect(fold([...tie, answer, later])).toEqual(fold([...tie, later]))
  })

  test('never dates a failure before its event does', () => {
    const begun = [fact(T, snapshot('TRIALING')), fact(T, snapshot('ACTIVE'))]
    const answer = fact(T, snapshot('PAST_DUE'), fetched)
    expect(fold([...begun, answer])).toMatchObject({ status: 'PAST_DUE', pastDueSince: T })
    const fails = fact(T + 9_000, failed, invoice)
    expect(fold([...begun, answer, fails])).toMatchObject({
      ...{ status: 'PAST_DUE', pastDueSince: T + 9_000, changedBy: fails.eventId },
    })
    // Where an event of that instant fails too, that is since when.
    expect(fold([...tie, answer, fails])?.pastDueSince).toBe(T)
  })

  test('that says the end is not undone by what comes late of the time before', () => {
    const ended = fact(T + 60_000, snapshot('CANCELED'), { ...fetched, rank: FACT_RANK.ended })
    const late = fact(T + 30_000, snapshot('ACTIVE'))
    expect(fold([...tie, ended, late])).toMatchObject({
      ...{ status: 'CANCELED', endsAt: T + 60_000, changedBy: ended.eventId },
    })
  })
})

describe('any facts', () => {
  const status = fc.constantFrom(...states)
  const content: fc.Arbitrary<FactContent> = fc.oneof(
    fc.constantFrom(failed, paid, linked),
    fc.record({
      kind: fc.constant('snapshot' as const),
      status,
      unpaid: fc.boolean(),
      priceIds: fc.array(fc.constantFrom('price_s', 'price_p', 'price_else'), { maxLength: 2 }),
      currentPeriodEnd: fc.option(fc.integer({ min: T, max: T + 9 })),
      endsAt: fc.option(fc.integer({ min: T, max: T + 9 })),
      startedAt: fc.option(fc.integer({ min: T - 2, max: T })),
    }),
  )
  const word = fc.option(fc.constantFrom('a', 'b'))
  const anyFact: fc.Arbitrary<BillingFact> = fc.record({
    at: fc.integer({ min: T, max: T + 5 }),
    micros: fc.integer({ min: 0, max: 1 }),
    rank: fc.integer({ min: 1, max: 6 }),
    eventId: fc.string({ minLength: 1, maxLength: 2, unit: fc.constantFrom('a', 'B', '_', '0') }),
    type: fc.constant('x'),
    says: content,
    link: fc.record({ apiKey: word, userId: word }),
  })
  /** As stored: one an event. */
  const facts = fc.uniqueArray(anyFact, { maxLength: 9, selector: ({ eventId }) => eventId })
  const shuffledAlso = facts.chain((some) =>
    fc.tuple(fc.constant(some), fc.shuffledSubarray(some, { minLength: some.length })),
  )

  test('come to the same in whatever order they are told', () => {
    fc.assert(
      fc.property(shuffledAlso, ([some, other]) => {
        expect(fold(other)).toEqual(fold(some))
      }),
      { numRuns: 2_000 },
    )
  })

  test('are left as they are', () => {
    fc.assert(
      fc.property(facts, (some) => {
        const before = structuredClone(some)
        fold(some)
        expect(some).toEqual(before)
      }),
    )
  })

  test('once ended stay so, with the same end, whatever happens later', () => {
    const later = fc.array(anyFact.map((one) => ({ ...one, at: one.at + 1_000 })))
    fc.assert(
      fc.property(facts, later, (some, more) => {
        // What was fetched counts only until something later is known.
        const events = some.filter(({ rank }) => rank !== FACT_RANK.fetched)
        const state = fold(events)
        if (state?.status !== 'CANCELED') return
        expect(fold([...events, ...more])).toEqual(state)
      }),
    )
  })

  test('of a subscription that fails say since when, and of no other', () => {
    fc.assert(
      fc.property(facts, (some) => {
        const state = fold(some)
        if (!state) return
        if (state.status === 'PAST_DUE') expect(state.pastDueSince).not.toBeNull()
        else if (state.status !== 'CANCELED') expect(state.pastDueSince).toBeNull()
        if (state.unpaid) expect(state.status).toBe('PAST_DUE')
      }),
    )
  })
})

test('a booked end takes effect by itself', () => {
  expect(statusAt({ status: 'ACTIVE', endsAt: T }, T - 1)).toBe('ACTIVE')
  expect(statusAt({ status: 'ACTIVE', endsAt: T }, T)).toBe('CANCELED')
  expect(statusAt({ status: null, endsAt: T }, T)).toBeNull()
})
