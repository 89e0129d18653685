import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { updateAccount } from '../../src/callers/account-commands.ts'
import { DAY, HOUR } from '../../src/rules/calendar-time.ts'
import { accessHistory } from '../../src/store/access-history.ts'
import { billingSubscriptions } from '../../src/store/billing-subscriptions.ts'
import { type BillingWorld, createBillingWorld, plans } from '../billing/billing-world.ts'
import { failed, paid, snapshot } from '../billing/facts.ts'

let world: BillingWorld
let subscriptions = 0

beforeAll(async () => {
  world = await createBillingWorld()
})
afterAll(() => world.end())

interface Story {
  start: string
  price: string
  graceDays: number | undefined
  /** Something that happens on a day, before it is looked at. */
  on: Record<
    number,
    (about: { from: number; key: string; subscription: string }) => Promise<unknown>
  >
  /** Days on which no process runs. */
  away: (day: number) => boolean
  /** How many processes look at the same time. */
  processes: number
}

/** A customer whose payments fail from the start on, looked at once a day for 40 days. */
async function live(story: Partial<Story> = {}) {
  const { start = '2026-11-22T10:00:00Z', price = 'starter', on = {}, processes = 1 } = story
  const { graceDays } = story
  const from = Date.parse(start)
  const subscription = `STRIPE:sub_${++subscriptions}`
  world.clock.now = from
  const { _id: key } = await world.customer(graceDays === undefined ? {} : { graceDays })
  const began = snapshot(from - 40 * DAY, key, 'ACTIVE', { priceIds: [`price_${price}`] })
  await world.hear(subscription, began, failed(from))
  const refused: number[] = []
  for (let day = 0; day <= 40; day += 1) {
    world.clock.now = from + day * DAY
    await on[day]?.({ from, key, subscription })
    if (!story.away?.(day)) await Promise.all(Array.from({ length: processes }, world.chase))
    if ((await world.key(key)).blockedBecause !== null) refused.push(day)
  }
  const mails = await world.mails(key)
  expect(mails.map(({ deliveries }) => deliveries)).toEqual(mails.map(() => 1))
  const told = mails.map(({ at, kind }) => `${Math.floor((at - from) / DAY)} ${kind}`)
  return { mails: told, refused, key, subscription }
}

const to40 = (from: number) => Array.from({ length: 41 - from }, (_, n) => from + n)
const usual = ['0 reminder', '3 reminder', '7 reminder', '14 blocked']

describe('a payment that keeps failing', () => {
  test.each([
    ['2026-11-22T10:00:00Z', 'over the edge of a month and a year'],
    ['2028-02-16T23:59:59Z', 'over a leap day'],
    ['2027-01-31T00:00:00Z', 'over a short month'],
  ])(
    'from %s on, %s, is written about on days 0, 3, 7 and 14, and refused from then on',
    async (start) => {
      expect(await live({ start })).toMatchObject({ mails: usual, refused: to40(14) })
    },
  )

  test('has the days of grace of its plan, or of its account, which come first', async () => {
    const [plan, account, both, none, atOnce] = [
      await live({ price: 'patient' }),
      await live({ graceDays: 5 }),
      await live({ price: 'patient', graceDays: 20 }),
      await live({ graceDays: 0 }),
      await live({ price: 'strict' }),
    ]
    const reminders = [...usual.slice(0, 3), '14 reminder']
    expect(plan).toMatchObject({ mails: [...reminders, '30 blocked'], refused: to40(30) })
    expect(account).toMatchObject({
      mails: ['0 reminder', '3 reminder', '5 blocked'],
      refused: to40(5),
    })
    expect(both).toMatchObject({ mails: [...reminders, '20 blocked'], refused: to40(20) })
    for (const one of [none, atOnce]) {
      expect(one).toMatchObject({ mails: ['0 blocked'], refused: to40(0) })
    }
  })

  test('is the same whoever looks: four processes at once, or none on most days', async () => {
    expect(await live({ processes: 4 })).toMatchObject({ mails: usual, refused: to40(14) })
    expect(await live({ away: (day) => day > 0 && day % 5 !== 4 })).toMatchObject({
      mails: ['0 reminder', '4 reminder', '9 reminder', '14 blocked'],
      refused: to40(14),
    })
    expect(await live({ away: (day) => day < 20 })).toMatchObject({
      // The first is written with the event itself.
      mails: ['0 reminder', '20 blocked'],
      refused: to40(20),
    })
  })

  test('is over with the payment, on whichever day it arrives', async () => {
    for (const day of [0, 2, 7, 13, 14, 39]) {
      const pay: Story['on'][number] = ({ from, subscription }) =>
        world.hear(subscription, paid(from + day * DAY + 1))
      const { mails, refused, key } = await live({ on: { [day]: pay } })
      const before = usual.filter((mail) => Number.parseInt(mail, 10) < Math.max(day, 1))
      expect([day, mails]).toEqual([day, before])
      expect([day, refused]).toEqual([day, to40(14).filter((one) => one < day)])
      expect(await world.key(key)).toMatchObject({
        ...{ tier: 'starter', blockedBecause: null },
        billing: { status: 'ACTIVE', pastDueSince: null },
      })
    }
  })

  test('is over with the subscription, on whichever day that ends, and calls are served as free', async () => {
    for (const day of [0, 6, 14]) {
      const cancel: Story['on'][number] = ({ from, subscription }) =>
        world.hear(subscription, snapshot(from + day * DAY + 1, null, 'CANCELED'))
      const { mails, refused, key } = await live({ on: { [day]: cancel } })
      const before = usual.filter((mail) => Number.parseInt(mail, 10) < Math.max(day, 1))
      expect([day, mails]).toEqual([day, before])
      expect(refused).toEqual(to40(14).filter((one) => one < day))
      expect(await world.key(key)).toMatchObject({ tier: 'free', blockedBecause: null })
    }
  })

  test('is refused at once where collecting was given up, and told once', async () => {
    const giveUp =
      (day: number): Story['on'][number] =>
      ({ from, subscription }) =>
        world.hear(subscription, snapshot(from + day * DAY, null, 'PAST_DUE', { unpaid: true }))
    const { mails, refused } = await live({ on: { 5: giveUp(5), 9: giveUp(9) } })
    expect(mails).toEqual(['0 reminder', '3 reminder', '5 blocked'])
    expect(refused).toEqual(to40(5))
  })

  test('turns out to have begun earlier: nothing is told twice, and the block comes earlier', async () => {
    const earlier: Story['on'][number] = ({ from, subscription }) =>
      world.hear(subscription, failed(from - 5 * DAY))
    expect(await live({ on: { 4: earlier } })).toMatchObject({
      mails: ['0 reminder', '3 reminder', '9 blocked'],
      refused: to40(9),
    })
  })

  test('leaves a history that answers why calls are refused, and when they were again served', async () => {
    const pay: Story['on'][number] = ({ from, subscription }) =>
      world.hear(subscription, paid(from + 20 * DAY))
    const { key } = await live({ on: { 20: pay } })
    const entries = await accessHistory(world.db).find({ apiKeyId: key }).sort({ n: 1 }).toArray()
    const from = Date.parse('2026-11-22T10:00:00Z')
    expect(
      entries.map(({ n, at, cause, to }) => [
        ...[n, (at.getTime() - from) / DAY, cause.replace(/\d+$/, ''), to.billingStatus],
        ...[to.tier, to.blockedBecause === null],
      ]),
    ).toEqual([
      [1, -40, 'STRIPE:evt_', 'ACTIVE', 'starter', true],
      [2, 0, 'STRIPE:evt_', 'PAST_DUE', 'starter', true],
      [3, 14, 'time', 'PAST_DUE', 'starter', false],
      [4, 20, 'STRIPE:evt_', 'ACTIVE', 'starter', true],
    ])
    expect(entries[2]?.because).toBe(
      'The 14 days of grace after a failed payment ended on 2026-12-06.',
    )
  })
})

describe('an administrator who changes the days of grace of an account', () => {
  const graceDays =
    (days: number | null): Story['on'][number] =>
    async ({ key }) => {
      const { accountId } = await world.key(key)
      await updateAccount(
        world.db,
        { accountId, by: 'admin' },
        { graceDays: days },
        { ...world.options },
      )
    }

  test('lets calls through again at once, or refuses them at once, each told once', async () => {
    expect(await live({ on: { 16: graceDays(25) } })).toMatchObject({
      mails: [...usual, '25 blocked'],
      refused: [14, 15, ...to40(25)],
    })
    expect(await live({ on: { 8: graceDays(2) } })).toMatchObject({
      mails: ['0 reminder', '3 reminder', '7 reminder', '8 blocked'],
      refused: to40(8),
    })
    expect(await live({ on: { 5: graceDays(4), 6: graceDays(null) } })).toMatchObject({
      mails: ['0 reminder', '3 reminder', '5 blocked', '7 reminder', '14 blocked'],
      refused: [5, ...to40(14)],
    })
  })
})

describe('a key with two subscriptions', () => {
  test('is served while one of them is paid for, and is told of the block when that one ends', async () => {
    const second = `STRIPE:sub_${++subscriptions}`
    const buy: Story['on'][number] = ({ from, key }) =>
      world.hear(second, snapshot(from + 2 * DAY, key, 'ACTIVE'))
    const end: Story['on'][number] = ({ from }) =>
      world.hear(second, snapshot(from + 20 * DAY, null, 'CANCELED'))
    expect(await live({ on: { 2: buy, 20: end } })).toMatchObject({
      mails: ['0 reminder', '3 reminder', '7 reminder', '20 blocked'],
      refused: to40(20),
    })
  })
})

describe('what was booked to end', () => {
  test('ends when its date comes, with its key on the free plan', async () => {
    const { _id: key } = await world.customer()
    const from = Date.parse('2026-12-15T00:00:00Z')
    world.clock.now = from
    const endsAt = Date.parse('2026-12-31T23:59:59Z')
    const subscription = `STRIPE:sub_${++subscriptions}`
    await world.hear(subscription, snapshot(from, key, 'ACTIVE', { endsAt }))
    world.clock.now = endsAt - 1
    await world.chase()
    const booked = { status: 'ACTIVE', endsAt: new Date(endsAt) }
    expect(await world.key(key)).toMatchObject({ tier: 'starter', billing: booked })
    world.clock.now = endsAt
    expect(await world.chase()).toEqual({ settled: 1, failed: 0 })
    expect(await world.key(key)).toMatchObject({ tier: 'free', billing: { status: 'CANCELED' } })
    expect(await world.chase()).toEqual({ settled: 0, failed: 0 })
    const [last] = await accessHistory(world.db).find({ apiKeyId: key }).sort({ n: -1 }).toArray()
    expect(last).toMatchObject({ cause: 'time', at: new Date(endsAt) })
    expect(last?.because).toBe('The subscription ended on 2026-12-31, as had been booked.')
  })

  test('of sixty at the same instant is settled, each once, by several processes', async () => {
    const from = Date.parse('2027-03-01T00:00:00Z')
    world.clock.now = from
    const keys = await Promise.all(Array.from({ length: 60 }, () => world.customer()))
    const endsAt = from + HOUR
    const ids = keys.map(() => `STRIPE:sub_${++subscriptions}`)
    await Promise.all(
      keys.map(({ _id }, n) => world.hear(ids[n] ?? '', snapshot(from, _id, 'ACTIVE', { endsAt }))),
    )
    world.clock.now = endsAt
    const began = performance.now()
    const counts = await Promise.all([world.chase(), world.chase()])
    const took = performance.now() - began
    console.log(`60 booked ends by two processes: ${Math.round(took)} ms`)
    expect(counts.reduce((sum, { settled }) => sum + settled, 0)).toBe(60)
    const settled = await billingSubscriptions(world.db)
      .find({ _id: { $in: ids } })
      .toArray()
    expect(settled.filter(({ nextCheckAt }) => nextCheckAt !== null)).toEqual([])
    for (const { _id } of keys) expect((await world.key(_id)).tier).toBe('free')
  })
})

test('the plans of these tests are what they say', () => {
  expect([...plans.values()].map(({ id, graceDays }) => [id, graceDays])).toEqual([
    ...[['free', undefined] as const, ['starter', undefined] as const],
    ...[['patient', 30] as const, ['strict', 0] as const],
  ])
})
