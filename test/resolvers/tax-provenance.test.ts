import { describe, expect, test } from 'vitest'
import type { Caller } from '../../src/context.ts'
import type { AccountDoc } from '../../src/store/accounts.ts'
import type { ApiKeyDoc } from '../../src/store/api-keys.ts'
import { guardedYoga } from '../plugins/guarded-yoga.ts'

/** What moved a date, as a client reads it. */

const account = { _id: 'acc_1' } as AccountDoc
const apiKey = { _id: 'key_1', accountId: 'acc_1', blockedBecause: null } as ApiKeyDoc
const caller: Caller = { kind: 'apiKey', apiKey, account }
const { ask } = guardedYoga({ caller: () => caller })

const proof = `statutoryDate dueDate payBy payByReason shiftedBy provisional
  movedBy { kind date name calendar provisional }
  obligation { id rule evidence event sources { name url readOn } }`

async function dataOf(query: string, variables: Record<string, unknown>) {
  const { data, codes } = await ask(query, variables)
  expect(codes).toEqual([])
  return data
}

describe('taxDates', () => {
  const query = `query ($country: CountryCode!, $from: Date!, $to: Date!, $ids: [ID!]) {
    taxDates(country: $country, from: $from, to: $to, obligationIds: $ids) { nodes: edges { node { ${proof} } } }
  }`

  test('names the holiday of one State that moved a date for the whole of Australia', async () => {
    const day = '2026-03-03'
    const data = await dataOf(query, { country: 'AU', from: day, to: day, ids: ['au-bas-q-self'] })
    const calendar = 'Australia, any State or Territory'
    const weekend = { kind: 'WEEKEND', calendar, provisional: false }
    expect(data).toMatchObject({
      taxDates: {
        nodes: [
          {
            node: {
              statutoryDate: '2026-02-28',
              dueDate: day,
              shiftedBy:
                'weekend, Saturday 2026-02-28 and Sunday 2026-03-01; Labour Day (WA), Monday 2026-03-02',
              movedBy: [
                { ...weekend, date: '2026-02-28', name: 'Saturday' },
                { ...weekend, date: '2026-03-01', name: 'Sunday' },
                { ...weekend, kind: 'HOLIDAY', date: '2026-03-02', name: 'Labour Day (WA)' },
              ],
              payBy: null,
              provisional: false,
              obligation: {
                evidence: expect.stringMatching(/^(OFFICIAL|SECONDARY)$/),
                event: null,
                sources: expect.arrayContaining([
                  {
                    name: expect.stringContaining('s 8AAZMB'),
                    url: expect.stringMatching(/^https:/),
                    readOn: expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/),
                  },
                ]),
              },
            },
          },
        ],
      },
    })
  })

  test('says why to pay before a date that does not move', async () => {
    const day = '2026-01-31'
    const data = await dataOf(query, { country: 'GB', from: day, to: day, ids: ['gb-sa-balance'] })
    expect(data).toMatchObject({
      taxDates: {
        nodes: [{ node: { dueDate: day, movedBy: [], shiftedBy: null, payBy: '2026-01-30' } }],
      },
    })
    expect(JSON.stringify(data)).toContain('weekend, Saturday 2026-01-31; payment only')
  })

  test('has none of an event, and the obligation says what to count from', async () => {
    const ids = ['au-payday-super']
    const none = { country: 'AU', from: '2026-07-01', to: '2026-12-31', ids }
    expect(await dataOf(query, none)).toEqual({ taxDates: { nodes: [] } })
    const listed = await dataOf('{ obligations(country: AU) { id event } }', {})
    expect(listed?.obligations).toContainEqual({
      id: 'au-payday-super',
      event: 'payday (QE day)',
    })
  })
})

describe('dueDateFor', () => {
  const query = `query ($id: ID!, $day: Date!) {
    dueDateFor(obligationId: $id, eventDate: $day) {
      eventDate businessDays ${proof}
      variants { when businessDays statutoryDate dueDate shiftedBy movedBy { name } provisional }
    }
  }`

  test('counts from the payday, and says so of each case', async () => {
    const data = await dataOf(query, { id: 'au-payday-super', day: '2026-12-17' })
    const holidays = [
      { name: 'Christmas Day (every State and Territory)' },
      { name: expect.stringContaining('Proclamation Day (SA)') },
    ]
    const twenty = {
      businessDays: 20,
      statutoryDate: '2027-01-14',
      dueDate: '2027-01-19',
      movedBy: [...holidays, { name: "New Year's Day (every State and Territory)" }],
      provisional: false,
    }
    expect(data).toMatchObject({
      dueDateFor: {
        eventDate: '2026-12-17',
        businessDays: 7,
        statutoryDate: '2026-12-28',
        dueDate: '2026-12-30',
        payBy: null,
        payByReason: null,
        movedBy: holidays,
        obligation: { id: 'au-payday-super', event: 'payday (QE day)' },
        variants: [
          { when: 'new employee or new fund', ...twenty },
          { when: 'exceptional-circumstances determination', ...twenty },
        ],
      },
    })
  })

  test.each([
    ['au-nope', '2026-07-02', 'au-nope is unknown'],
    ['au-bas-m', '2026-07-02', 'has dates of its own: ask taxDates'],
    ['au-payday-super', '2026-06-30', 'holds from 2026-07-01 on'],
    ['au-payday-super', '2099-07-02', 'outside the years covered'],
    ['au-payday-super', '2026-02-30', 'Expected a calendar date'],
  ])('refuses %s on %s', async (id, day, message) => {
    const { codes, text } = await ask(query, { id, day })
    expect(codes).toEqual(['BAD_USER_INPUT'])
    expect(text).toContain(message)
  })
})
