import { fork } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { freePort } from '../../src/embedded/free-port.ts'
import { channels } from '../../src/store/channels.ts'
import { deliveries } from '../../src/store/deliveries.ts'
import { type Receiver, startMailServer, startReceiver } from '../outgoing/receivers.ts'
import { type DeliveryWorld, deliveryWorld, encryptionKey } from './delivery-world.ts'

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
const reaches = (id: string, expected: object) =>
  vi.waitFor(async () => expect(await world.deliveryOf(id)).toMatchObject(expected), 10_000)
const tried = (times: number) => ({
  attempts: Array.from({ length: times }, () => expect.anything()),
})
const answering = (status: number, headers: Record<string, string> = {}, body = '') =>
  receiver.answer((response) => response.writeHead(status, headers).end(body))

/** A worker whose clock stands at `start` until it is moved. */
function workerWithClock(options: Parameters<DeliveryWorld['worker']>[0] = {}) {
  const clock = { now: start }
  world.worker({ allow: [receiver.host], clock: () => clock.now, ...options }).start()
  return clock
}

describe('a receiver that fails', () => {
  test('is tried after 5 s, 30 s, 5 min, 30 min, 2 h, 6 h, 12 h, and then no more', async () => {
    answering(500, { 'Content-Type': 'text/plain' }, 'out of order')
    const { _id } = await world.plantDelivery(await hook(), { at: start })
    const clock = workerWithClock()
    const waits = [5, 30, 300, 1_800, 7_200, 21_600, 43_200]
    for (const [index, seconds] of waits.entries()) {
      const dueAt = new Date(clock.now + seconds * 1_000)
      await reaches(_id, { status: 'PENDING', dueAt, ...tried(index + 1) })
      clock.now = dueAt.getTime()
    }
    await reaches(_id, { status: 'DEAD', ...tried(8) })
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
    await reaches(_id, { status: 'PENDING', dueAt, ...tried(9) })
    answering(200)
    clock.now = dueAt.getTime()
    await reaches(_id, { status: 'DELIVERED', ...tried(10) })
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
    await reaches(_id, { status: 'PENDING', dueAt: new Date(expected), attempts: [{ code: 429 }] })
  })

  test.each([302, 400, 401, 404, 408, 425, 503])('with %i is tried again', async (status) => {
    answering(status, { Location: 'http://127.0.0.1:1/' })
    const { _id } = await world.plantDelivery(await hook(), { at: start })
    workerWithClock()
    const dueAt = new Date(start + 5_000)
    await reaches(_id, { status: 'PENDING', dueAt, attempts: [{ code: status }] })
  })

  test('with 410 hears no more: the channel is disabled, and what else waits for it is given up', async () => {
    answering(410)
    const channel = await hook()
    const first = await world.plantDelivery(channel, { at: start })
    const alert = { _id: 'key_a:2026-11:CRITICAL:1000' }
    const second = await world.plantDelivery(channel, { at: start + 1_000, alert })
    const clock = workerWithClock()
    await reaches(first._id, { status: 'DEAD', attempts: [{ code: 410 }] })
    expect(await channels(world.db).findOne({ _id: channel._id })).toMatchObject({
      enabled: false,
      disabledBecause: expect.stringContaining('410 Gone on 2026-11-22'),
    })
    clock.now += 1_000
    await reaches(second._id, {
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
    await reaches(_id, { status: 'DEAD' })
    expect(await channels(world.db).findOne({ _id: channel._id })).toMatchObject({ enabled: true })
  })

  test('gives nothing secret away in its error', async () => {
    const target = `${receiver.url}/services/T01/planted-token-of-slack`
    const said = `bad ${target} (planted-token-of-slack) gc_live_${'x'.repeat(36)}\u0000\u202e`
    answering(403, { 'Content-Type': 'text/plain' }, said)
    const { _id } = await world.plantDelivery(await world.plantChannel({ kind: 'SLACK', target }))
    world.worker({ allow: [receiver.host] }).start()
    await reaches(_id, { attempts: [{ code: 403 }] })
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
    await reaches(_id, { status: 'PENDING', attempts: [{ code: null }] })
    const { attempts } = await world.deliveryOf(_id)
    expect(attempts[0]?.error).toBe('"url" must name a host on the public internet.')
  })
})

describe('a channel', () => {
  test('that is disabled or removed meanwhile gets nothing more', async () => {
    const disabled = await world.plantChannel({
      kind: 'WEBHOOK',
      target: receiver.url,
      enabled: false,
    })
    const removed = await world.plantChannel({ kind: 'WEBHOOK', target: receiver.url })
    const sent = [await world.plantDelivery(disabled), await world.plantDelivery(removed)]
    await channels(world.db).deleteOne({ _id: removed._id })
    world.worker({ allow: [receiver.host] }).start()
    for (const { _id } of sent) {
      await reaches(_id, {
        status: 'DEAD',
        attempts: [{ error: expect.stringMatching(/before this could be sent$/) }],
      })
    }
    expect(receiver.requests).toEqual([])
  })

  test('whose key is lost waits for it, and is not given up at once', async () => {
    const channel = await hook()
    await channels(world.db).updateOne({ _id: channel._id }, { $set: { 'target.keyId': 'lost' } })
    const { _id } = await world.plantDelivery(channel)
    world.worker({ allow: [receiver.host] }).start()
    await reaches(_id, {
      status: 'PENDING',
      attempts: [{ error: expect.stringContaining('cannot be read at the moment') }],
    })
  })

  test('that hangs, six hundred times over, does not delay the others', async () => {
    const hanging = await startReceiver()
    hanging.answer(() => {})
    const deadAlerts = Array.from({ length: 600 }, async (_, index) => {
      const channel = await world.plantChannel({
        kind: 'WEBHOOK',
        target: `${hanging.url}/${index}`,
        accountId: `acc_${index % 100}`,
      })
      for (const level of ['WARNING', 'CRITICAL']) {
        const alert = { _id: `key_${index}:2026-11:${level}:1000` }
        await world.plantDelivery(channel, { alert, at: Date.now() - 60_000 })
      }
    })
    await Promise.all(deadAlerts)
    const registry = new Registry()
    const allow = [receiver.host, hanging.host]
    world.worker({ allow, httpTimeoutMs: 4_000, registry }).start()
    // By then the first of them have been found to hang.
    await vi.waitFor(() => expect(hanging.requests.length).toBeGreaterThan(300), 25_000)
    const latencies: number[] = []
    for (let n = 0; n < 10; n++) {
      const channel = await world.plantChannel({
        kind: 'WEBHOOK',
        target: receiver.url,
        accountId: `good_${n}`,
      })
      const planted = performance.now()
      const { _id } = await world.plantDelivery(channel)
      await reaches(_id, { status: 'DELIVERED' })
      latencies.push(performance.now() - planted)
    }
    console.log(`beside 600 that hang: ${latencies.map(Math.round).join(', ')} ms`)
    expect(latencies.toSorted((a, b) => a - b)[4]).toBeLessThan(1_000)
    expect(await registry.metrics()).toContain(
      'getcomplical_deliveries_total{kind="WEBHOOK",outcome="failed"}',
    )
    await hanging.stop()
  })
})

describe('the mail server', () => {
  test('may be away: nothing is lost, and when it is back each mail comes once', async () => {
    const port = await freePort()
    const mailChannels = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        world.plantChannel({
          kind: 'EMAIL',
          target: `owner${n}@example.com`,
          accountId: `acc_${n}`,
        }),
      ),
    )
    const sent = await Promise.all(
      mailChannels.map((channel, n) =>
        world.plantDelivery(channel, { at: start, alert: { _id: `key_${n}:x` } }),
      ),
    )
    const clock = workerWithClock({ smtpUrl: `smtp://127.0.0.1:${port}` })
    // An hour: four tries fail.
    for (const [tries, seconds] of [5, 30, 300, 1_800].entries()) {
      const dueAt = new Date(clock.now + seconds * 1_000)
      for (const { _id } of sent)
        await reaches(_id, { status: 'PENDING', dueAt, ...tried(tries + 1) })
      clock.now = dueAt.getTime()
    }
    for (const { _id } of sent) await reaches(_id, { status: 'PENDING', ...tried(5) })
    const server = await startMailServer({ port, hideSTARTTLS: true })
    clock.now += 7_200_000
    for (const { _id } of sent) await reaches(_id, { status: 'DELIVERED', ...tried(6) })
    expect(server.mails.map(({ to }) => to[0]).toSorted()).toEqual(
      mailChannels.map((_, n) => `owner${n}@example.com`),
    )
    const [first] = sent
    const { attempts } = await world.deliveryOf(first?._id ?? '')
    expect(attempts[0]).toMatchObject({ code: null, error: 'our mail server could not be reached' })
    await server.stop()
  })

  test.each([
    [550, 'DEAD', 'No such user here'],
    [450, 'PENDING', 'Mailbox busy'],
  ])('that answers %i to the recipient: %s', async (responseCode, status, words) => {
    const server = await startMailServer({
      hideSTARTTLS: true,
      onRcptTo: (_address, _session, done) =>
        done(Object.assign(new Error(words), { responseCode })),
    })
    const channel = await world.plantChannel({ kind: 'EMAIL', target: 'owner@example.com' })
    const { _id } = await world.plantDelivery(channel, { at: start })
    workerWithClock({ smtpUrl: `smtp://127.0.0.1:${server.port}` })
    await reaches(_id, { status, attempts: [{ code: responseCode }] })
    const { attempts } = await world.deliveryOf(_id)
    expect(attempts[0]?.error).toContain(words)
    await server.stop()
  })

  test('that refuses us refuses nobody for good', async () => {
    const server = await startMailServer({
      hideSTARTTLS: true,
      onMailFrom: (_address, _session, done) =>
        done(Object.assign(new Error('relay.inside says no'), { responseCode: 554 })),
    })
    const channel = await world.plantChannel({ kind: 'EMAIL', target: 'owner@example.com' })
    const { _id } = await world.plantDelivery(channel, { at: start })
    workerWithClock({ smtpUrl: `smtp://127.0.0.1:${server.port}` })
    const error = 'our mail server refused to send (554)'
    await reaches(_id, { status: 'PENDING', attempts: [{ code: 554, error }] })
    await server.stop()
  })
})

describe('a worker that is killed while it sends', () => {
  test('is followed by another, and the receiver sees the same id', async () => {
    const dataDir = join(tmpdir(), 'getcomplical-no-mails')
    const leaseMs = 1_500
    const options = { mongodbUri: world.uri, allow: receiver.host, leaseMs, dataDir }
    const argument = JSON.stringify({ ...options, key: encryptionKey.toString('base64') })
    receiver.answer(() => {})
    const { _id } = await world.plantDelivery(await hook())
    const child = fork(join(import.meta.dirname, 'deliver-alerts-child.ts'), [argument], {
      execArgv: [],
    })
    await vi.waitFor(() => expect(receiver.requests).toHaveLength(1), 10_000)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const left = await world.deliveryOf(_id)
    expect(left).toMatchObject({ status: 'PENDING', attempts: [] })
    expect(left.lease).toBeDefined()

    receiver.answer((response) => response.writeHead(200).end())
    world.worker({ allow: [receiver.host] }).start()
    await reaches(_id, { status: 'DELIVERED', attempts: [{ code: 200 }] })
    expect(receiver.requests.map(({ headers }) => headers['webhook-id'])).toEqual([_id, _id])
    const [first, second] = receiver.requests
    // Not before the lease had run out.
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(leaseMs - 200)
  })

  test('and comes back after its lease changes nothing of what another did', async () => {
    const answers: (() => void)[] = []
    receiver.answer((response) => {
      answers.push(() => response.writeHead(500).end())
      if (receiver.requests.length > 1) response.writeHead(200).end()
    })
    const { _id } = await world.plantDelivery(await hook())
    const slow = world.worker({ allow: [receiver.host], leaseMs: 300 })
    slow.start()
    await vi.waitFor(() => expect(receiver.requests).toHaveLength(1))
    world.worker({ allow: [receiver.host] }).start()
    await reaches(_id, { status: 'DELIVERED' })
    answers[0]?.()
    // It waits for what it sends.
    await slow.stop()
    expect(receiver.requests).toHaveLength(2)
    expect(await world.deliveryOf(_id)).toMatchObject({
      status: 'DELIVERED',
      attempts: [{ code: 200 }],
    })
  })
})
