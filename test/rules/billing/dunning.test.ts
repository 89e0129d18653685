import { describe, expect, test } from 'vitest'
import {
  type DunningRecord,
  decideDunning,
  nextCheckAt,
} from '../../../src/rules/billing/dunning.ts'
import type { BillingFact } from '../../../src/rules/billing/fact.ts'
import { decideAccess, whatTimeBrought } from '../../../src/rules/billing/key-access.ts'
import { foldFacts } from '../../../src/rules/billing/subscription-state.ts'
import { DAY, HOUR } from '../../../src/rules/calendar-time.ts'
import { failed, paid, snapshot } from '../../billing/facts.ts'

const tierOf = (price: string) => (price === 'price_starter' ? 'starter' : undefined)
/** Leap day and month edges lie within 40 days of each. */
const starts = ['2026-11-22T10:00:00Z', '2027-01-30T23:59:59Z', '2028-02-15T00:00:00Z']
const LAST_DAY = 40

interface Story {
  /** With the day on which each fact is heard of; its own instant may be earlier. */
  facts: (from: number) => { heard: number; fact: BillingFact }[]
  graceDays: number
  /** Days on which nothing runs. */
  away?: (day: number) => boolean
  /** Another subscription pays for the key. */
  paidFor?: boolean
}

/** What happens from day to day, looked at every twelve hours: `3 reminder`, `14 blocked`, and when calls are refused. */
function live({ facts, graceDays, away = () => false, paidFor = false }: Story, from: number) {
  const mails: string[] = []
  const refused: number[] = []
  let record: DunningRecord | null = null
  for (let hour = 0; hour <= LAST_DAY * 24; hour += 12) {
    const [day, now] = [hour / 24, from + hour * HOUR]
    if (away(day)) continue
    const known = facts(from).filter(({ heard }) => heard <= now)
    const state = foldFacts(
      known.map(({ fact }) => fact),
      tierOf,
    )
    if (!state) continue
    const access = decideAccess([{ id: 'STRIPE:sub_1', state, graceDays }], now)
    const isRefused = access?.blockedBecause != null && !paidFor
    const decision = decideDunning(record, state, graceDays, { now, refused: isRefused })
    record = decision.record
    if (decision.write) mails.push(`${Math.floor(day)} ${decision.write.kind}`)
    if (isRefused && Number.isInteger(day)) refused.push(day)
  }
  return { mails, refused }
}

const at = (from: number, day: number) => from + day * DAY

/** Active, and failing since day 0. */
function failing(more: (from: number) => BillingFact[] = () => []): Story['facts'] {
  return (from) =>
    [snapshot(from - DAY, 'key_1', 'ACTIVE'), failed(from), ...more(from)].map((fact) => ({
      heard: fact.at,
      fact,
    }))
}

const range = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, n) => from + n)

const calendar: [graceDays: number, mails: string[]][] = [
  [14, ['0 reminder', '3 reminder', '7 reminder', '14 blocked']],
  [30, ['0 reminder', '3 reminder', '7 reminder', '14 reminder', '30 blocked']],
  [7, ['0 reminder', '3 reminder', '7 blocked']],
  [5, ['0 reminder', '3 reminder', '5 blocked']],
  [1, ['0 reminder', '1 blocked']],
  [0, ['0 blocked']],
]

describe.each(starts)('a payment that fails from %s on', (start) => {
  const from = Date.parse(start)

  test.each(calendar)(
    'with %i days of grace is written about on these days',
    (graceDays, mails) => {
      const lived = live({ facts: failing(), graceDays }, from)
      expect(lived).toEqual({ mails, refused: range(graceDays, LAST_DAY) })
    },
  )

  test.each(range(0, LAST_DAY))('and arrives on day %i stops it there and then', (day) => {
    for (const [graceDays, mails] of calendar) {
      // Half a day on, so that it is clear which mails were due before.
      const facts = failing((since) => [paid(at(since, day) + 12 * HOUR)])
      const lived = live({ facts, graceDays }, from)
      const until = mails.filter((mail) => Number.parseInt(mail, 10) <= day)
      expect(lived).toEqual({ mails: until, refused: range(graceDays, day) })
    }
  })

  test.each(range(0, LAST_DAY))('and is cancelled on day %i stops it there and then', (day) => {
    for (const [graceDays, mails] of calendar) {
      const facts = failing((since) => [snapshot(at(since, day) + 12 * HOUR, null, 'CANCELED')])
      const lived = live({ facts, graceDays }, from)
      const until = mails.filter((mail) => Number.parseInt(mail, 10) <= day)
      expect(lived).toEqual({ mails: until, refused: range(graceDays, day) })
    }
  })

  test.each(range(1, LAST_DAY))(
    'of a subscription that ends on day %i stops it by itself',
    (day) => {
      const endsAt = at(from, day) + 12 * HOUR
      const facts = failing((since) => [snapshot(since + 1, null, 'PAST_DUE', { endsAt })])
      const lived = live({ facts, graceDays: 14 }, from)
      const until = calendar[0]?.[1].filter((mail) => Number.parseInt(mail, 10) <= day)
      expect(lived).toEqual({ mails: until, refused: range(14, day) })
    },
  )

  test.each(range(0, LAST_DAY))(
    'and is given up on day %i blocks at once, and is told once',
    (day) => {
      const facts = failing((since) => [
        snapshot(at(since, day) + 12 * HOUR, null, 'PAST_DUE', { unpaid: true }),
        // Something else of it changes later: it was given up all the same.
        snapshot(at(since, day) + 36 * HOUR, null, 'PAST_DUE', { unpaid: true }),
      ])
      const { mails, refused } = live({ facts, graceDays: 14 }, from)
      const before = calendar[0]?.[1].filter((mail) => Number.parseInt(mail, 10) <= day) ?? []
      const told = before.includes('14 blocked') ? before : [...before, `${day} blocked`]
      // On day 40 it is given up after the last look.
      expect(mails).toEqual(told.filter((mail) => mail !== `${LAST_DAY} blocked`))
      expect(refused).toEqual(range(Math.min(14, day + 1), LAST_DAY))
    },
  )

  test('is written about by what is due when nobody ran for days, the newest alone', () => {
    const away = (first: number, last: number) => (day: number) => day >= first && day < last
    const lived = (gone: Story['away']) =>
      live({ facts: failing(), graceDays: 14, ...(gone && { away: gone }) }, from).mails
    expect(lived(away(1, 5))).toEqual(['0 reminder', '5 reminder', '7 reminder', '14 blocked'])
    expect(lived(away(0, 8))).toEqual(['8 reminder', '14 blocked'])
    expect(lived(away(0, 20))).toEqual(['20 blocked'])
    expect(lived(away(4, 14))).toEqual(['0 reminder', '3 reminder', '14 blocked'])
    expect(lived((day) => day % 3 !== 1)).toEqual([
      ...['1 reminder', '4 reminder', '7 reminder', '16 blocked'],
    ])
  })

  test('turns out to have failed earlier: the same series, and the block comes earlier', () => {
    const facts: Story['facts'] = (since) => [
      { heard: since, fact: snapshot(since - 30 * DAY, 'key_1', 'ACTIVE') },
      { heard: since, fact: failed(since) },
      { heard: at(since, 2), fact: failed(at(since, -5)) },
    ]
    // Since day -5: reminders on -5, -2 and 2, of which the last is due when it is heard of.
    expect(live({ facts, graceDays: 14 }, from)).toEqual({
      mails: ['0 reminder', '2 reminder', '9 blocked'],
      refused: range(9, LAST_DAY),
    })
  })

  test('fails anew after it was paid: a series of its own, also where the payment is heard of late', () => {
    const facts =
      (heardOfPayment: number): Story['facts'] =>
      (since) => [
        { heard: since, fact: snapshot(since - DAY, 'key_1', 'ACTIVE') },
        { heard: since, fact: failed(since) },
        { heard: at(since, heardOfPayment), fact: paid(at(since, 4)) },
        { heard: at(since, 20), fact: failed(at(since, 20)) },
      ]
    const again = ['20 reminder', '23 reminder', '27 reminder', '34 blocked']
    expect(live({ facts: facts(4), graceDays: 14 }, from).mails).toEqual([
      ...['0 reminder', '3 reminder'],
      ...again,
    ])
    expect(live({ facts: facts(21), graceDays: 14 }, from)).toEqual({
      mails: [
        '0 reminder',
        '3 reminder',
        '7 reminder',
        '14 blocked',
        '21 reminder',
        ...again.slice(1),
      ],
      refused: [...range(14, 20), ...range(34, LAST_DAY)],
    })
  })

  test('blocks anew in a series of its own, though calls were refused all the while for want of news', () => {
    const facts: Story['facts'] = (since) => [
      { heard: since, fact: snapshot(since - DAY, 'key_1', 'ACTIVE') },
      { heard: since, fact: failed(since) },
      { heard: at(since, 20), fact: failed(at(since, 20)) },
      { heard: at(since, 21), fact: paid(at(since, 4)) },
    ]
    expect(live({ facts, graceDays: 0 }, from)).toEqual({
      mails: ['0 blocked', '21 blocked'],
      refused: range(0, LAST_DAY),
    })
  })

  test('is not told to block what another subscription pays for', () => {
    expect(live({ facts: failing(), graceDays: 14, paidFor: true }, from)).toEqual({
      mails: ['0 reminder', '3 reminder', '7 reminder'],
      refused: [],
    })
  })
})

describe('the days of grace', () => {
  const from = Date.parse('2026-11-22T10:00:00Z')
  const state = foldFacts([snapshot(from - DAY, 'key_1', 'ACTIVE'), failed(from)], tierOf)
  if (!state) throw new Error('no state')
  const look = (record: DunningRecord | null, graceDays: number, day: number) => {
    const now = at(from, day)
    const access = decideAccess([{ id: 'STRIPE:sub_1', state, graceDays }], now)
    const refused = access?.blockedBecause !== null
    return { ...decideDunning(record, state, graceDays, { now, refused }), refused }
  }

  test('shortened over a reminder block, and say so', () => {
    const first = look(null, 14, 7)
    const shorter = look(first.record, 5, 8)
    expect(shorter).toMatchObject({ refused: true, write: { kind: 'blocked', at: at(from, 5) } })
    expect(look(shorter.record, 5, 9).write).toBeNull()
  })

  test('lengthened let calls through again, and reminders and block follow anew', () => {
    const blocked = look(look(null, 5, 3).record, 5, 5)
    expect(blocked).toMatchObject({ refused: true, write: { kind: 'blocked' } })
    const longer = look(blocked.record, 30, 6)
    expect(longer).toMatchObject({ refused: false, write: null })
    const seventh = look(longer.record, 30, 7)
    expect(seventh.write).toMatchObject({ kind: 'reminder' })
    expect(look(seventh.record, 30, 30).write).toMatchObject({ kind: 'blocked', at: at(from, 30) })
  })

  test('say when to look again: at each mail, at the end, and then never', () => {
    const days = [0, 1, 3, 7, 13, 14, 15].map((day) => nextCheckAt(state, 14, at(from, day)))
    const next = [3, 3, 7, 14, 14].map((day) => at(from, day))
    expect(days).toEqual([...next, null, null])
    const booked = { ...state, endsAt: at(from, 2) }
    expect(nextCheckAt(booked, 14, from)).toBe(at(from, 2))
    expect(nextCheckAt(booked, 14, at(from, 2))).toBeNull()
  })

  test('are told in words: what ended, when, and what to do', () => {
    const blockedBecause = (graceDays: number, more: Partial<typeof state> = {}) =>
      decideAccess([{ id: 'a', state: { ...state, ...more }, graceDays }], at(from, 20))
        ?.blockedBecause
    expect(blockedBecause(14)).toBe(
      'The payment for the plan "starter" has been failing since 2026-11-22, and the 14 days of grace ended on 2026-12-06. Pay it, or change the payment method, in the billing portal of your account: calls are served again as soon as the payment arrives.',
    )
    expect(blockedBecause(1)).toContain('the 1 day of grace ended on 2026-11-23')
    expect(blockedBecause(0)).toContain('since 2026-11-22. Pay it')
    expect(blockedBecause(30, { unpaid: true })).toContain('and collecting it was given up. Pay it')
    const now = at(from, 20)
    expect(whatTimeBrought(state, 14, now)).toEqual({
      because: 'The 14 days of grace after a failed payment ended on 2026-12-06.',
      happenedAt: at(from, 14),
    })
    const ended = { ...state, status: 'ACTIVE' as const, endsAt: at(from, 3) }
    expect(whatTimeBrought(ended, 14, now)).toEqual({
      because: 'The subscription ended on 2026-11-25, as had been booked.',
      happenedAt: at(from, 3),
    })
    expect(whatTimeBrought(state, 30, now)).toMatchObject({ happenedAt: now })
  })
})
