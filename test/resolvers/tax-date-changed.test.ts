import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { taxDateChanges } from '../../src/store/tax-date-changes.ts'
import {
  announceMutation,
  announcement,
  type ChangeListener,
  listenToChanges,
  listenToChangesOverSse,
} from '../announcing.ts'
import { dataOf, metricOf, startTestApi, type TestApi } from '../api.ts'

let api: TestApi
let key: string
const listeners: ChangeListener[] = []
const soon = { timeout: 2_000, interval: 10 }

beforeAll(async () => {
  api = await startTestApi({ LIMIT_UNMETERED_PER_SECOND: '1000' })
  key = (await api.seed()).secret
})
afterAll(async () => {
  for (const listener of listeners) await listener.leave()
  await api.end()
})

const aPeriod = { obligationId: 'us-1040', periodEnd: '2026-12-31' }

async function announced(changed: object = {}): Promise<{ id: string }> {
  const variables = { input: announcement(changed) }
  const answer = await api.ask(announceMutation, { key: api.adminApiKey, variables })
  return dataOf(answer, 'announceTaxDateChange')
}

describe('taxDateChanged', () => {
  const listen = (
    wanted: Parameters<typeof listenToChanges>[2],
    by = listenToChanges,
    as = key,
  ): ChangeListener => {
    const listener = by(api.url, as, wanted)
    listeners.push(listener)
    return listener
  }
  const newest = async () =>
    (await taxDateChanges(api.db).findOne({}, { sort: { _id: -1 } }))?._id ?? 0
  const subscribers = () => metricOf(api.url, 'getcomplical_tax_date_subscribers')
  const subscribed = async (more: number, open: () => void) => {
    const before = await subscribers()
    open()
    await vi.waitFor(async () => expect(await subscribers()).toBe(before + more), soon)
  }

  test('without after tells only what comes, to everybody who wants it', async () => {
    const heard: ChangeListener[] = []
    await subscribed(5, () => {
      heard.push(
        listen({}),
        listen({}, listenToChangesOverSse),
        listen({ countries: ['US'] }),
        listen({ obligationIds: ['us-1040'] }),
        listen({ countries: ['AU'] }, listenToChangesOverSse),
      )
    })
    const moved = await announced({ ...aPeriod, region: 'US-NY', dueDate: '2027-05-17' })
    const notice = { obligationId: null, periodEnd: null, country: 'US', reason: 'a notice' }
    const { id } = await announced(notice)
    const [both, alone] = [[moved.id, id], [moved.id]]
    await vi.waitFor(() => {
      expect(heard.map((one) => one.heard.map((change) => change.id))).toEqual([
        ...[both, both, both, alone, []],
      ])
    }, soon)
    expect(heard[0]?.heard[0]?.taxDates).toContainEqual({
      ...{ id: 'us-1040:2026-12-31:US-NY', dueDate: '2027-05-17' },
    })
  })

  test('with after replays first', async () => {
    const last = await newest()
    const fromStart = listen({ after: '0' })
    const fromThere = listen({ after: String(last - 2) }, listenToChangesOverSse)
    await vi.waitFor(() => {
      expect(fromStart.heard).toHaveLength(last)
      expect(fromThere.heard.map(({ id }) => Number(id))).toEqual([last - 1, last])
    }, soon)
    expect(fromStart.heard.map(({ id }) => Number(id))).toEqual(
      Array.from({ length: last }, (_one, index) => index + 1),
    )
  })

  test.each<[string, object]>([
    ['an unknown obligation', { obligationIds: ['au-none'] }],
    ['no country at all', { countries: [] }],
    ['a word for an id', { after: 'latest' }],
    ['an id with a leading zero', { after: '01' }],
    ['a negative id', { after: '-1' }],
    ['an id of the stream', { after: '1-0' }],
    ['an id that is far too long', { after: '9'.repeat(400) }],
    ['an id that is not given yet', { after: '999999' }],
  ])('is refused with %s', async (_name, wanted) => {
    const before = await subscribers()
    for (const by of [listenToChanges, listenToChangesOverSse]) {
      const listener = listen(wanted, by)
      await listener.ended
      expect(JSON.stringify(listener.failure)).toContain('BAD_USER_INPUT')
    }
    expect(await subscribers()).toBe(before)
  })

  test('is not open to the admin key', async () => {
    const listener = listen({}, listenToChanges, api.adminApiKey)
    await listener.ended
    expect(JSON.stringify(listener.failure)).toContain('FORBIDDEN')
  })

  test('costs nothing, and ends when its client leaves', async () => {
    const { secret, apiKeyId } = await api.seed()
    const open: ChangeListener[] = []
    await subscribed(2, () => {
      open.push(listen({ after: '0' }, listenToChanges, secret))
      open.push(listen({}, listenToChangesOverSse, secret))
    })
    const before = await subscribers()
    for (const listener of open) await listener.leave()
    await vi.waitFor(async () => expect(await subscribers()).toBe(before - 2), soon)
    const answer = await api.ask(`{ taxDateChanges(first: 1) { totalCount } }`, { key: secret })
    expect([apiKeyId.length, answer.extensions?.usage?.used]).toEqual([apiKeyId.length, 1])
  })

  test('ends with its key', async () => {
    const { secret, apiKeyId } = await api.seed()
    const open: ChangeListener[] = []
    await subscribed(2, () => {
      open.push(listen({}, listenToChanges, secret))
      open.push(listen({}, listenToChangesOverSse, secret))
    })
    await api.ask(`mutation { revokeApiKey(id: "${apiKeyId}") { status } }`, {
      key: api.adminApiKey,
    })
    await Promise.all(open.map(({ ended }) => ended))
    await announced({ dueDate: '2027-08-02' })
    expect(open.map(({ heard }) => heard)).toEqual([[], []])
  })
})
