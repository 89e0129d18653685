import { fork } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { freePort } from '../../src/embedded/free-port.ts'
import { channels } from '../../src/store/channels.ts'
import { type Receiver, startMailServer, startReceiver } from '../outgoing/receivers.ts'
import {
  type DeliveryWorld,
  deliveryWorld,
  encryptionKey,
  tried,
  type WorkerOptions,
} from './delivery-world.ts'

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
const workerWithClock = (options: WorkerOptions = {}) =>
  world.workerAt(start, { allow: [receiver.host], ...options })

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
      await world.reaches(_id, {
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
    await world.reaches(_id, {
      status: 'PENDING',
      attempts: [{ error: expect.stringContaining('cannot be read at the moment') }],
    })
  })

  test('that hangs, sixty times over, does not delay the others', async () => {
    const hanging = await startReceiver()
    hanging.answer(() => {})
    for (let index = 0; index < 60; index++) {
      const target = `${hanging.url}/${index}`
      const accountId = `acc_${index % 20}`
      const channel = await world.plantChannel({ kind: 'WEBHOOK', target, accountId })
      for (const level of ['WARNING', 'CRITICAL']) {
        const alert = { _id: `key_${index}:2026-11:${level}:1000` }
        await world.plantDelivery(channel, { alert, at: Date.now() - 60_000 })
      }
    }
    const registry = new Registry()
    const allow = [receiver.host, hanging.host]
    // A small process: of the sixty it can send to sixteen at a time, each for a second.
    const most = { all: 16, account: 4, mail: 4, unwell: 4 }
    world.worker({ allow, httpTimeoutMs: 1_000, registry, most }).start()
    const found = () => new Set(hanging.requests.map(({ path }) => path)).size
    await vi.waitFor(() => expect(found()).toBe(60), 20_000)
    const latencies: number[] = []
    for (let n = 0; n < 5; n++) {
      const accountId = `good_${n}`
      const channel = await world.plantChannel({ kind: 'WEBHOOK', target: receiver.url, accountId })
      const planted = performance.now()
      const { _id } = await world.plantDelivery(channel)
      await world.reaches(_id, { status: 'DELIVERED' })
      latencies.push(performance.now() - planted)
    }
    console.log(`beside 60 that hang: ${latencies.map(Math.round).join(', ')} ms`)
    expect(latencies.toSorted((a, b) => a - b)[2]).toBeLessThan(1_500)
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
        await world.reaches(_id, { status: 'PENDING', dueAt, ...tried(tries + 1) })
      clock.now = dueAt.getTime()
    }
    for (const { _id } of sent) await world.reaches(_id, { status: 'PENDING', ...tried(5) })
    const server = await startMailServer({ port, hideSTARTTLS: true })
    clock.now += 7_200_000
    for (const { _id } of sent) await world.reaches(_id, { status: 'DELIVERED', ...tried(6) })
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
    await world.reaches(_id, { status, attempts: [{ code: responseCode }] })
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
    await world.reaches(_id, { status: 'PENDING', attempts: [{ code: 554, error }] })
    await server.stop()
  })
})

test('what was sent and cannot be settled is sent again, with the same id, until it can', async () => {
  const { _id } = await world.plantDelivery(await hook())
  // MongoDB itself refuses it, as it would without a majority.
  const refuse = (validator: object) => world.db.command({ collMod: 'deliveries', validator })
  await refuse({ status: { $ne: 'DELIVERED' } })
  world.worker({ allow: [receiver.host], leaseMs: 900 }).start()
  await vi.waitFor(() => expect(receiver.requests.length).toBeGreaterThan(1), 10_000)
  expect(await world.deliveryOf(_id)).toMatchObject({ status: 'PENDING', attempts: [] })
  await refuse({})
  await world.reaches(_id, { status: 'DELIVERED', attempts: [{ code: 204 }] })
  const ids = receiver.requests.map(({ headers }) => headers['webhook-id'])
  expect(new Set(ids)).toEqual(new Set([_id]))
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
    await world.reaches(_id, { status: 'DELIVERED', attempts: [{ code: 200 }] })
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
    await world.reaches(_id, { status: 'DELIVERED' })
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
