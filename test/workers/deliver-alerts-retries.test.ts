import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { channels } from '../../src/store/channels.ts'
import { deliveries } from '../../src/store/deliveries.ts'
import { type Receiver, startReceiver } from '../outgoing/receivers.ts'
import { type DeliveryWorld, deliveryWorld, tried, type WorkerOptions } from './delivery-world.ts'

let world: DeliveryWorld
let receiver: Receiver
const start = Date.UTC(2026, 10, 22, 20, 0, 0)

beforeEach(async () => {
  ;[world, receiver] = await Promise.all([deliveryWorld(), startReceiver()])
  await world.plantKey()
})
afterEach(async () => {
  await world.drop()
  await receiver.stop()
})

const hook = (path = '/hook') =>
  world.plantChannel({ kind: 'WEBHOOK', target: receiver.url + path })
const answering = (status: number, headers: Record<string, string> = {}, body = '') =>
  receiver.answer((response) => response.writeHead(status, headers).end(body))

const workerWithClock = (options: WorkerOptions = {}) =>
  world.workerAt(start, { allow: [receiver.host], ...options })

describe('a receiver that fails', () => {
  test('is tried after 5 s, 30 s, 5 min, 30 min, 2 h, 6 h, 12 h, and then no more', async () => {
    answering(500, { 'Content-Type': 'text/plain' }, 'out of order')
    const { _id } = await world.plantDelivery(await hook(), { at: start })
    const clock = workerWithClock()
    const waits = [5, 30, 300, 1_800, 7_200, 21_600, 43_200]
    for (const [index, seconds] of waits.entries()) {
      const dueAt = new Date(clock.now + seconds * 1_000)
      await world.reaches(_id, { status: 'PENDING', dueAt, ...tried(index + 1) })
      clock.now = dueAt.getTime()
    }
    await world.reaches(_id, { status: 'DEAD', ...tried(8) })
    const { attempts, lease } = await world.deliveryOf(_id)
    expect(attempts[0]).toMatchObject({
      at: new Date(start),
      code: 500,
      error: 'it answered 500: out of order',
    })
    expect(lease).toBeUndefined()
    expect(receiver.requests).toHaveLength(8)
    expect(new Set(receiver.requests.map(({ headers }) => headers['webhook-id']))).toEqual(
      new Set([_id]),
    )

    // A replay begins the schedule anew.
    await deliveries(world.db).updateOne(
      { _id },
      { $set: { status: 'PENDING', dueAt: new Date(clock.now), attemptsBefore: 8 } },
    )
    const dueAt = new Date(clock.now + 5_000)
    await world.reaches(_id, { status: 'PENDING', dueAt, ...tried(9) })
    answering(200)
    clock.now = dueAt.getTime()
    await world.reaches(_id, { status: 'DELIVERED', ...tried(10) })
  })

  test.each([
    ['120', start + 120_000],
    ['Sun, 22 Nov 2026 20:10:00 GMT', start + 600_000],
    ['1', start + 5_000],
    ['99999999', start + 86_400_000],
  ])('is left alone for as long as it asks: Retry-After %s', async (header, expected) => {
    answering(429, { 'Retry-After': header })
    const { _id } = await world.plantDelivery(await hook(), { at: start })
    workerWithClock()
    await world.reaches(_id, {
      status: 'PENDING',
      dueAt: new Date(expected),
      attempts: [{ code: 429 }],
    })
  })

  test.each([302, 400, 401, 404, 408, 425, 503])('with %i is tried again', async (status) => {
    answering(status, { Location: 'http://127.0.0.1:1/' })
    const { _id } = await world.plantDelivery(await hook(), { at: start })
    workerWithClock()
    const dueAt = new Date(start + 5_000)
    await world.reaches(_id, { status: 'PENDING', dueAt, attempts: [{ code: status }] })
  })

  test('with 410 hears no more: the channel is disabled, and what else waits for it is given up', async () => {
    answering(410)
    const channel = await hook()
    const first = await world.plantDelivery(channel, { at: start })
    const alert = { _id: 'key_a:2026-11:CRITICAL:1000' }
    const second = await world.plantDelivery(channel, { at: start + 1_000, alert })
    const clock = workerWithClock()
    await world.reaches(first._id, { status: 'DEAD', attempts: [{ code: 410 }] })
    expect(await channels(world.db).findOne({ _id: channel._id })).toMatchObject({
      enabled: false,
      disabledBecause: expect.stringContaining('410 Gone on 2026-11-22'),
    })
    clock.now += 1_000
    await world.reaches(second._id, {
      status: 'DEAD',
      attempts: [{ code: null, error: 'the channel was disabled before this could be sent' }],
    })
    expect(receiver.requests).toHaveLength(1)
  })

  test('with 410 keeps a channel that leads elsewhere by then', async () => {
    const channel = await hook()
    const other = await hook('/other')
    receiver.answer(async (response) => {
      await channels(world.db).updateOne({ _id: channel._id }, { $set: { target: other.target } })
      response.writeHead(410).end()
    })
    const { _id } = await world.plantDelivery(channel)
    world.worker({ allow: [receiver.host] }).start()
    await world.reaches(_id, { status: 'DEAD' })
    expect(await channels(world.db).findOne({ _id: channel._id })).toMatchObject({ enabled: true })
  })

  test('gives nothing secret away in its error', async () => {
    const target = `${receiver.url}/services/T01/planted-token-of-slack`
    const said = `bad ${target} (planted-token-of-slack) gc_live_${'x'.repeat(36)}\u0000\u202e`
    answering(403, { 'Content-Type': 'text/plain' }, said)
    const { _id } = await world.plantDelivery(await world.plantChannel({ kind: 'SLACK', target }))
    world.worker({ allow: [receiver.host] }).start()
    await world.reaches(_id, { attempts: [{ code: 403 }] })
    const { attempts } = await world.deliveryOf(_id)
    expect(attempts[0]?.error).toBe('it answered 403: bad […] ([…]) […]')
  })

  test('and whose address is private is never asked, and is told why', async () => {
    const inside = await world.plantChannel({
      kind: 'WEBHOOK',
      target: 'https://169.254.169.254/x',
    })
    const { _id } = await world.plantDelivery(inside)
    world.worker().start()
    await world.reaches(_id, { status: 'PENDING', attempts: [{ code: null }] })
    const { attempts } = await world.deliveryOf(_id)
    expect(attempts[0]?.error).toBe('"url" must name a host on the public internet.')
  })
})
